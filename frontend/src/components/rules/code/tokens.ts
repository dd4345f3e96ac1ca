/** The tokens of a text, by the terminals of `rules_grammar/editor`; and offsets: the API counts characters, we UTF-16 units. */

import language from "./tokens.json";

export interface Span {
  start: number;
  end: number;
}

export interface Token extends Span {
  /** Name of the terminal; `ERROR` for what is none. */
  name: string;
  /** What to colour it as. */
  kind: string;
}

const TERMINALS = language.terminals.map((terminal) => ({
  name: terminal.name,
  kind: terminal.class,
  pattern: new RegExp(terminal.pattern, "y"),
}));

/** All tokens of a text without its white space, in units of JavaScript. */
export function tokensOf(text: string): Token[] {
  const found: Token[] = [];
  let start = 0;
  while (start < text.length) {
    const token = next(text, start);
    if (token.name === "LPAR") {
      const before = found.at(-1);
      if (before?.name === "NAME") before.kind = "function";
    }
    if (token.name !== "WHITE_SPACE") found.push(token);
    start = token.end;
  }
  return found;
}

function next(text: string, start: number): Token {
  for (const { name, kind, pattern } of TERMINALS) {
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    if (match?.[0]) return { name, kind, start, end: start + match[0].length };
  }
  const quote = text[start] === '"' || text[start] === "'";
  const line = text.indexOf("\n", start);
  const wide = (text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
  const end = quote ? (line < 0 ? text.length : line) : start + wide;
  return { name: "ERROR", kind: "error", start, end };
}

const ASTRAL = /[\ud800-\udbff][\udc00-\udfff]/;

/** Characters before a place that is counted in units. */
export function charactersAt(text: string, units: number): number {
  if (!ASTRAL.test(text)) return units;
  return [...text.slice(0, units)].length;
}

/** Units before a place that is counted in characters. */
export function unitsAt(text: string, characters: number): number {
  if (!ASTRAL.test(text)) return Math.min(characters, text.length);
  return [...text].slice(0, characters).join("").length;
}

/** A span of the API in our units. */
export function spanIn(text: string, span: Span): Span {
  return { start: unitsAt(text, span.start), end: unitsAt(text, span.end) };
}
