/** A rule as the builder draws it, from the tree of the API: spans in our units, and what stands in each row. */

import type { Schemas } from "@/api/client";
import { type Span, spanIn, type Token, tokensOf } from "../code/tokens";

export type Value = Schemas["RuleRow"]["value"];

export interface Row {
  kind: "row";
  span: Span;
  /** With the parentheses that are its own. */
  extent: Span;
  /** The field as written. */
  field: string;
  operator: string;
  value: Value;
  /** Where field, operator and value stand; null where they cannot be told apart, as in `stream`. */
  parts: { field: Span; operator: Span; value: Span } | null;
}

export interface Chip {
  kind: "chip";
  span: Span;
  extent: Span;
  text: string;
}

export interface Group {
  kind: "group";
  span: Span;
  extent: Span;
  logic: "AND" | "OR";
  items: Part[];
  /** The words that join the items, one fewer than these. */
  joints: Span[];
}

export type Part = Row | Chip | Group;

const OPENING = new Set(["LPAR", "LSQB"]);
const CLOSING = new Set(["RPAR", "RSQB"]);
const JOINTS = new Set(["AND", "OR"]);
const OPERATORS = new Set(["COMPARE", "TEXT_OPERATOR", "IN"]);

/** The tree with all that edits need. `text` is the text it was made of. */
export function drawn(text: string, group: Schemas["RuleGroup"]): Group {
  const tokens = tokensOf(text).filter((token) => token.name !== "COMMENT");
  return groupOf(text, tokens, group);
}

function groupOf(text: string, tokens: Token[], group: Schemas["RuleGroup"]): Group {
  const span = spanIn(text, group.span);
  const items = group.items.map((item): Part => {
    if (item.kind === "group") return groupOf(text, tokens, item);
    const own = spanIn(text, item.span);
    const extent = extentOf(tokens, own);
    if (item.kind === "chip") return { kind: "chip", span: own, extent, text: text.slice(own.start, own.end) };
    return rowOf(text, tokens, item, own, extent);
  });
  const joints = items.slice(1).map((item, index) => {
    const before = items[index] as Part;
    const joint = tokens.find(
      (token) => JOINTS.has(token.name) && token.start >= before.extent.end && token.end <= item.extent.start,
    );
    return joint ? { start: joint.start, end: joint.end } : { start: item.extent.start, end: item.extent.start };
  });
  return { kind: "group", span, extent: extentOf(tokens, span), logic: group.logic, items, joints };
}

/** The span with the parentheses directly around it. */
function extentOf(tokens: Token[], span: Span): Span {
  let first = tokens.findIndex((token) => token.start >= span.start) - 1;
  let last = tokens.findIndex((token) => token.start >= span.end);
  let extent = span;
  while (tokens[first]?.name === "LPAR" && tokens[last]?.name === "RPAR" && first >= 0 && last >= 0) {
    extent = { start: (tokens[first] as Token).start, end: (tokens[last] as Token).end };
    first -= 1;
    last += 1;
  }
  return extent;
}

function rowOf(text: string, tokens: Token[], row: Schemas["RuleRow"], span: Span, extent: Span): Row {
  const parts = partsOf(tokens, span);
  const written = parts ? text.slice(parts.field.start, parts.field.end) : text.slice(span.start, span.end);
  const inner = /^number\s*\(([\s\S]*)\)$/.exec(written)?.[1]?.trim();
  const bare = parts ? written : written.replace(/^(not\b|NOT\b|!)\s*/, "").replace(/^\(([\s\S]*)\)$/, "$1");
  const field = inner ?? (parts || row.operator === "eq" || row.operator === "ne" ? bare.trim() : row.field);
  return { kind: "row", span, extent, field, operator: row.operator, value: row.value, parts };
}

/** Field, operator and value of a condition that has them one after the other. */
function partsOf(tokens: Token[], span: Span): Row["parts"] {
  const inside = tokens.filter((token) => token.start >= span.start && token.end <= span.end);
  let depth = 0;
  for (const [index, token] of inside.entries()) {
    if (OPENING.has(token.name)) depth += 1;
    else if (CLOSING.has(token.name)) depth -= 1;
    else if (depth === 0 && OPERATORS.has(token.name)) {
      const negated = inside[index - 1]?.name === "NOT";
      const last = inside[negated ? index - 2 : index - 1];
      const following = inside[index + 1];
      if (!last || !following || inside[0]?.name === "NOT" || inside[0]?.name === "BANG") return null;
      return {
        field: { start: span.start, end: last.end },
        operator: { start: negated ? (inside[index - 1] as Token).start : token.start, end: token.end },
        value: { start: following.start, end: span.end },
      };
    }
  }
  return null;
}
