/** Changes of a rule's text by the builder. Each replaces the piece it is about and leaves all other bytes alone. */

import { type Span, tokensOf } from "../code/tokens";
import type { Group, Part, Row, Value } from "./tree";

/** Names that rows have for operators, and how the language writes them. */
export const OPERATORS: Record<string, string> = {
  eq: "==",
  ne: "!=",
  gt: ">",
  gte: ">=",
  lt: "<",
  lte: "<=",
  contains: "contains",
  starts_with: "starts_with",
  ends_with: "ends_with",
  regex: "matches",
  in: "in",
  not_in: "not in",
};

export type Change =
  | { kind: "field"; path: number[]; field: string }
  | { kind: "operator"; path: number[]; operator: string }
  | { kind: "value"; path: number[]; value: Value }
  | { kind: "chip"; path: number[]; text: string }
  | { kind: "logic"; path: number[] }
  | { kind: "add"; path: number[]; text: string }
  | { kind: "remove"; path: number[] };

/** The text with a change made; as it was where the change meets nothing. */
export function changed(text: string, root: Group, change: Change): string {
  const found = at(root, change.path);
  if (!found) return text;
  switch (change.kind) {
    case "field":
    case "operator":
    case "value":
      return found.kind === "row" ? rowChanged(text, found, change) : text;
    case "chip":
      return found.kind === "chip" ? replaced(text, found.span, chipText(root, change)) : text;
    case "logic":
      return found.kind === "group" ? toggled(text, found) : text;
    case "add":
      return found.kind === "group" ? added(text, found, change.text) : text;
    case "remove":
      return removed(text, root, change.path);
  }
}

export function at(root: Group, path: number[]): Part | undefined {
  let part: Part | undefined = root;
  for (const index of path) part = part?.kind === "group" ? part.items[index] : undefined;
  return part;
}

function replaced(text: string, span: Span, piece: string): string {
  return text.slice(0, span.start) + piece + text.slice(span.end);
}

function rowChanged(text: string, row: Row, change: Change & { kind: "field" | "operator" | "value" }): string {
  const next = {
    field: change.kind === "field" ? change.field.trim() : row.field,
    operator: change.kind === "operator" ? change.operator : row.operator,
    value: change.kind === "value" ? change.value : row.value,
  };
  next.value = fitting(next.operator, next.value);
  if (next.field === row.field && next.operator === row.operator && same(next.value, row.value)) return text;
  if (!row.parts) return replaced(text, row.span, condition(next));
  let result = text;
  if (!same(next.value, row.value)) result = replaced(result, row.parts.value, operandOf(next));
  if (next.operator !== row.operator) result = replaced(result, row.parts.operator, OPERATORS[next.operator] ?? "==");
  const left = operand(next.field, next.value);
  const before = operand(row.field, row.value);
  if (left !== before) result = replaced(result, row.parts.field, left);
  return result;
}

/** What has become of a chip; in parentheses where an `or` in it would otherwise tear its neighbours apart. */
function chipText(root: Group, change: Change & { kind: "chip" }): string {
  const parent = at(root, change.path.slice(0, -1));
  let depth = 0;
  const loose = tokensOf(change.text).some((token) => {
    if (token.name === "LPAR") depth += 1;
    if (token.name === "RPAR") depth -= 1;
    return depth === 0 && token.name === "OR";
  });
  return loose && parent?.kind === "group" && parent.items.length > 1 ? `(${change.text})` : change.text;
}

/** A list where the operator wants one, and one value where it does not. */
function fitting(operator: string, value: Value): Value {
  const many = operator === "in" || operator === "not_in";
  if (many) return Array.isArray(value) ? value : [value ?? ""];
  return Array.isArray(value) ? (value[0] ?? "") : value;
}

function same(one: Value, other: Value): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A condition as text. */
export function condition({ field, operator, value }: { field: string; operator: string; value: Value }): string {
  if (value === true && operator === "eq") return field;
  if (value === true && operator === "ne") return `not ${field}`;
  return `${operand(field, value)} ${OPERATORS[operator] ?? "=="} ${operandOf({ operator, value })}`;
}

/** What stands on the right. Patterns with backslashes are written raw where they can be. */
function operandOf({ operator, value }: { operator: string; value: Value }): string {
  const written = literal(value);
  const rest = written.replaceAll("\\\\", ""); // what is left has the other escapes
  const raw = operator === "regex" && rest !== written && !rest.includes("\\");
  return raw ? `r"${value}"` : written;
}

/** Headers are text: what is compared with numbers is read as a number first. */
function operand(field: string, value: Value): string {
  const values = Array.isArray(value) ? value : [value];
  const numbers = values.length > 0 && values.every((one) => typeof one === "number");
  return numbers && /^headers\s*[.[]/.test(field) ? `number(${field})` : field;
}

export function literal(value: Value): string {
  if (Array.isArray(value)) return `[${value.map((one) => literal(one)).join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** What a person has typed as a value: a literal of the language, or a text without its quotes. */
export function readValue(written: string, before: Value): Value {
  const text = written.trim();
  if (Array.isArray(before)) {
    const inner = text.replace(/^\[([\s\S]*)\]$/, "$1");
    return split(inner).map((one) => scalarOf(one, typeof before[0] === "string") as string);
  }
  return scalarOf(written, typeof before === "string");
}

function scalarOf(written: string, wasText: boolean): string | number | boolean | null {
  const text = written.trim();
  if (/^".*"$/s.test(text)) {
    try {
      return JSON.parse(text) as string;
    } catch {
      return text.slice(1, -1);
    }
  }
  if (/^'.*'$/s.test(text)) return text.slice(1, -1);
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) && !(wasText && /^-?0\d/.test(text))) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  return text === "null" ? null : written;
}

/** At commas outside of quotes. */
function split(text: string): string[] {
  const pieces = text.match(/(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,])+/g) ?? [];
  return pieces.map((piece) => piece.trim()).filter(Boolean);
}

/** How a value is shown in its box: texts in quotes only where they would be read as something else. */
export function shown(value: Value): string {
  if (Array.isArray(value))
    return value.map((one) => (typeof one === "string" ? JSON.stringify(one) : String(one))).join(", ");
  if (typeof value !== "string") return String(value);
  const plain = scalarOf(value, true);
  return plain === value && value.trim() === value && value !== "" ? value : JSON.stringify(value);
}

function toggled(text: string, group: Group): string {
  const word = group.logic === "AND" ? "or" : "and";
  return group.joints.reduceRight((result, joint) => replaced(result, joint, word), text);
}

function added(text: string, group: Group, piece: string): string {
  const last = group.items.at(-1);
  if (last) {
    const word = group.logic === "AND" ? "and" : "or";
    return `${text.slice(0, last.extent.end)} ${word} ${piece}${text.slice(last.extent.end)}`;
  }
  const gap = text === "" || text.endsWith("\n") ? "" : "\n";
  return text.trim() ? text + gap + piece : piece;
}

function removed(text: string, root: Group, path: number[]): string {
  const parent = at(root, path.slice(0, -1));
  const index = path.at(-1);
  if (parent?.kind !== "group" || index === undefined) return text;
  const item = parent.items[index] as Part;
  if (parent.items.length === 1) {
    return path.length > 1 ? removed(text, root, path.slice(0, -1)) : without(text, [item.extent]);
  }
  return without(text, withJoint(text, parent, index, item));
}

/** An item and the word that goes with it: the one before, or the one behind where the item comes first in parentheses. */
function withJoint(text: string, parent: Group, index: number, item: Part): Span[] {
  const all = tokensOf(text); // with comments, which stay
  const bare = all.filter((token) => token.name !== "COMMENT");
  const previous = bare.findLast((token) => token.end <= item.extent.start);
  const joint = parent.joints[index - 1];
  if (joint && previous?.end === joint.end) {
    const before = all.findLast((token) => token.end <= joint.start);
    const start = before && before.name !== "COMMENT" ? before.end : joint.start;
    const apart = all.some((token) => token.start >= joint.end && token.end <= item.extent.start);
    return apart ? [{ start, end: joint.end }, item.extent] : [{ start, end: item.extent.end }];
  }
  const next = parent.joints[index] as Span;
  const behind = all.find((token) => token.start >= next.end);
  const end = behind && behind.name !== "COMMENT" ? behind.start : next.end;
  const apart = all.some((token) => token.start >= item.extent.end && token.end <= next.start);
  return apart ? [item.extent, { start: next.start, end }] : [{ start: item.extent.start, end }];
}

/** Without these pieces. */
function without(text: string, spans: Span[]): string {
  return spans.reduceRight((result, span) => replaced(result, span, ""), text);
}
