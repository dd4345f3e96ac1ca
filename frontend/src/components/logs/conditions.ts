/** A filter as its conditions: what stands between the `and`s of the outermost level. The text is the truth. */

import { tokensOf } from "@/components/rules/code/tokens";

export type Scalar = string | number | boolean;

/** The conditions of a filter; one with `or` outside of parentheses, or with comments, is one condition. */
export function conditionsOf(text: string): string[] {
  const cuts: [number, number][] = [];
  let depth = 0;
  for (const token of tokensOf(text)) {
    if (token.name === "COMMENT" || (token.name === "OR" && depth === 0)) return [text.trim()];
    if (token.name === "LPAR" || token.name === "LSQB") depth += 1;
    if (token.name === "RPAR" || token.name === "RSQB") depth -= 1;
    if (token.name === "AND" && depth === 0) cuts.push([token.start, token.end]);
  }
  const starts = [0, ...cuts.map(([, end]) => end)];
  const ends = [...cuts.map(([start]) => start), text.length];
  return starts.map((start, index) => text.slice(start, ends[index]).trim()).filter(Boolean);
}

/** The filter with one condition more. What says the opposite of the same value goes. */
export function withCondition(text: string, condition: string): string {
  const before = conditionsOf(text);
  if (before.includes(condition)) return text;
  const opposite = negated(condition);
  const kept = before.filter((each) => each !== opposite);
  if (kept.length < before.length) return [...kept, condition].join(" and ");
  if (before.length === 0) return condition;
  return before.length === 1 && !isPlain(text)
    ? `(${text.trim()}${text.includes("#") ? "\n" : ""}) and ${condition}`
    : `${text.trim()} and ${condition}`;
}

export function withoutCondition(text: string, condition: string): string {
  return conditionsOf(text)
    .filter((each) => each !== condition)
    .join(" and ");
}

/** It can be joined to others with `and` as it stands. */
function isPlain(text: string): boolean {
  let depth = 0;
  for (const token of tokensOf(text)) {
    if (token.name === "LPAR") depth += 1;
    if (token.name === "RPAR") depth -= 1;
    if (token.name === "COMMENT" || (token.name === "OR" && depth === 0)) return false;
  }
  return true;
}

/** `field == value`, or for yes and no the field alone. */
export function equals(field: string, value: Scalar | null): string {
  if (value === null) return `not exists(${field})`;
  if (typeof value === "boolean") return value ? field : `not ${field}`;
  return `${field} == ${JSON.stringify(value)}`;
}

export function differs(field: string, value: Scalar | null): string {
  if (value === null) return `exists(${field})`;
  if (typeof value === "boolean") return equals(field, !value);
  return `${field} != ${JSON.stringify(value)}`;
}

function negated(condition: string): string {
  const compared = /^([a-z_.]+) (==|!=) (.+)$/.exec(condition);
  if (compared) return `${compared[1]} ${compared[2] === "==" ? "!=" : "=="} ${compared[3]}`;
  return condition.startsWith("not ") ? condition.slice(4) : `not ${condition}`;
}

/** What other pages link to: the plain parameters of the API, as conditions. */
const PARAMETERS: Record<string, (value: string) => string | null> = {
  requested_model: (value) => equals("model", value),
  target_model: (value) => equals("target_model", value),
  provider_id: (value) => number("provider_id", "==", value),
  api_key_id: (value) => number("api_key.id", "==", value),
  status_min: (value) => number("status", ">=", value),
  status_max: (value) => number("status", "<=", value),
  has_error: (value) => equals("has_error", value === "true"),
  is_stream: (value) => equals("stream", value === "true"),
  retry_count_min: (value) => number("retry_count", ">=", value),
  total_time_ms_min: (value) => number("total_time_ms", ">=", value),
  end_reason: (value) => equals("end_reason", value),
};

function number(field: string, operator: string, value: string): string | null {
  return /^\d+$/.test(value) ? `${field} ${operator} ${value}` : null;
}

/** The filter that the plain parameters of an address add up to, and their names; null where there are none. */
export function filterOfParameters(parameters: URLSearchParams): { text: string; names: string[] } | null {
  const names = Object.keys(PARAMETERS).filter((name) => parameters.has(name));
  if (names.length === 0) return null;
  const added = names.flatMap((name) => PARAMETERS[name]?.(parameters.get(name) ?? "") ?? []);
  return { text: added.reduce(withCondition, parameters.get("filter") ?? ""), names };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The id in what was typed or pasted, null where there is none. */
export function requestIdIn(text: string): string | null {
  const plain = text
    .trim()
    .replace(/^x-request-id:\s*/i, "")
    .replace(/^["']|["']$/g, "");
  return UUID.test(plain) ? plain.toLowerCase() : null;
}
