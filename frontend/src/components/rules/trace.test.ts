import { describe, expect, it } from "vitest";
import { charactersAt, spanIn, tokensOf, unitsAt } from "./code/tokens";
import { Lines } from "./replay";
import { extended } from "./suggestion";
import { lineAt, type TraceNode, traceLines } from "./trace";

const RULE = 'model == "a" and body.n < 3';
const TRACE: TraceNode = {
  kind: "and",
  outcome: "false",
  span: { start: 0, end: 27 },
  mismatch: false,
  children: [
    {
      kind: "compare",
      outcome: "true",
      span: { start: 0, end: 12 },
      mismatch: false,
      children: [
        { kind: "path", outcome: "value", value: "a", span: { start: 0, end: 5 }, mismatch: false, children: [] },
        { kind: "const", outcome: "value", value: "a", span: { start: 9, end: 12 }, mismatch: false, children: [] },
      ],
    },
    {
      kind: "compare",
      outcome: "false",
      span: { start: 17, end: 27 },
      mismatch: false,
      children: [
        { kind: "path", outcome: "missing", span: { start: 17, end: 23 }, mismatch: false, children: [] },
        { kind: "const", outcome: "value", value: 3, span: { start: 26, end: 27 }, mismatch: false, children: [] },
      ],
    },
  ],
};

describe("a trace", () => {
  const lines = traceLines(RULE, TRACE, { start: 17, end: 27 });
  it("has a line a condition, with what it looked at", () => {
    expect(lines.map((line) => line.text)).toEqual([RULE, 'model == "a"', "body.n < 3"]);
    expect(lines[1]?.operands).toEqual([{ text: "model", outcome: "value", value: "a" }]);
    expect(lines[2]?.operands[0]?.outcome).toBe("missing");
  });
  it("marks the part that decided", () => expect(lines.map((line) => line.deciding)).toEqual([false, false, true]));
  it("finds the innermost part at a place", () => {
    expect(lineAt(lines, 3)?.text).toBe('model == "a"');
    expect(lineAt(lines, 14)?.text).toBe(RULE);
    expect(lineAt(lines, 99)).toBe(null);
  });
});

describe("offsets", () => {
  const text = 'a == "\u{1f600}" and b';
  it("count characters there and units here", () => {
    expect(charactersAt(text, 8)).toBe(7);
    expect(unitsAt(text, 7)).toBe(8);
    expect(spanIn(text, { start: 13, end: 14 })).toEqual({ start: 14, end: 15 });
  });
});

describe("tokens", () => {
  it("know functions, comments and faults", () =>
    expect(tokensOf("lower(model) ; # note").map((token) => token.kind)).toEqual([
      "function",
      "bracket",
      "field",
      "bracket",
      "error",
      "comment",
    ]));
  it("take an open quote to the end of its line", () =>
    expect(tokensOf('a == "open\nb').map((token) => token.name)).toEqual(["NAME", "COMPARE", "ERROR", "NAME"]));
});

describe("lines of JSON", () => {
  const bytes = new TextEncoder().encode('{"done":1,"total":2}\n{"error":"\u{1f600}"}\n');
  it("come whole at every split of the bytes", () => {
    for (let at = 0; at <= bytes.length; at += 1) {
      const lines = new Lines();
      const found = [...lines.feed(bytes.slice(0, at)), ...lines.feed(bytes.slice(at)), ...lines.close()];
      expect(found).toEqual(['{"done":1,"total":2}', '{"error":"\u{1f600}"}']);
    }
  });
});

describe("a suggestion", () => {
  it.each([
    ["", null, ""],
    ["", "stream", "stream"],
    ["has_tools", "stream", "has_tools\nand stream"],
    ["a or b", "stream", "(\na or b\n)\nand stream"],
    ["(a or b) # note", "stream", "(a or b) # note\nand stream"],
    ["# note", "stream", "# note\nstream"],
  ])("%j with %j", (rule, condition, result) => expect(extended(rule, condition)).toBe(result));
});
