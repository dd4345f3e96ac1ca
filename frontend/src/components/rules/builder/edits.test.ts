import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Schemas } from "@/api/client";
import { tokensOf } from "../code/tokens";
import { type Change, changed, condition, literal, readValue, shown } from "./edits";
import { drawn, type Group, type Part } from "./tree";

const cases = JSON.parse(readFileSync(new URL("./cases.json", import.meta.url), "utf8")) as {
  text: string;
  tree: Schemas["RuleGroup"];
}[];

function parts(group: Group, path: number[] = []): [Part, number[]][] {
  return group.items.flatMap((item, index): [Part, number[]][] => [
    [item, [...path, index]],
    ...(item.kind === "group" ? parts(item, [...path, index]) : []),
  ]);
}

describe("the corpus", () => {
  it("has at least fifty rules", () => expect(cases.length).toBeGreaterThanOrEqual(50));

  it.each(cases)("keeps its bytes when boxes are left as they were: $text", ({ text, tree }) => {
    const root = drawn(text, tree);
    for (const [part, path] of parts(root)) {
      if (part.kind === "group") {
        // there and back again
        const there = changed(text, root, { kind: "logic", path });
        expect(there).not.toBe(text);
        continue;
      }
      const idle: Change[] =
        part.kind === "chip"
          ? [{ kind: "chip", path, text: part.text }]
          : [
              { kind: "field", path, field: part.field },
              { kind: "operator", path, operator: part.operator },
              { kind: "value", path, value: readValue(shown(part.value), part.value) },
            ];
      for (const change of idle) expect(changed(text, root, change), JSON.stringify(change)).toBe(text);
    }
  });

  it.each(cases)("changes nothing outside of the row that is changed: $text", ({ text, tree }) => {
    const root = drawn(text, tree);
    for (const [part, path] of parts(root)) {
      if (part.kind !== "row") continue;
      const after = changed(text, root, { kind: "value", path, value: "else where" });
      expect(after.slice(0, part.span.start)).toBe(text.slice(0, part.span.start));
      expect(after.endsWith(text.slice(part.span.end))).toBe(true);
      expect(after).toContain('"else where"');
    }
  });

  it.each(cases)("keeps all comments whatever is added and removed: $text", ({ text, tree }) => {
    const root = drawn(text, tree);
    const comments = (of: string) => tokensOf(of).filter((token) => token.kind === "comment").length;
    const more = changed(text, root, { kind: "add", path: [], text: "stream" });
    expect(comments(more)).toBe(comments(text));
    expect(more).toContain("stream");
    for (const [part, path] of parts(root)) {
      const inside = comments(text.slice(part.extent.start, part.extent.end));
      const after = changed(text, root, { kind: "remove", path });
      expect(comments(after), after).toBe(comments(text) - inside);
      expect(balance(after), after).toBe(0);
      const ends = tokensOf(after).filter((token) => token.kind !== "comment" && token.name !== "LPAR");
      expect(ends[0]?.name ?? "").not.toMatch(/^(AND|OR)$/);
      expect(ends.at(-1)?.name ?? "").not.toMatch(/^(AND|OR)$/);
    }
  });
});

function balance(text: string): number {
  const names = tokensOf(text).map((token) => token.name);
  return names.filter((name) => name === "LPAR").length - names.filter((name) => name === "RPAR").length;
}

const TEXT = 'model == "a"  # first\n  and (stream or has_tools)';
const TREE: Schemas["RuleGroup"] = {
  kind: "group",
  logic: "AND",
  span: { start: 0, end: 50 },
  items: [
    { kind: "row", field: "model", operator: "eq", value: "a", span: { start: 0, end: 12 } },
    {
      kind: "group",
      logic: "OR",
      span: { start: 29, end: 48 },
      items: [
        { kind: "row", field: "stream", operator: "eq", value: true, span: { start: 29, end: 35 } },
        { kind: "row", field: "has_tools", operator: "eq", value: true, span: { start: 39, end: 48 } },
      ],
    },
  ],
};

describe("one rule", () => {
  const apply = (change: Change) => changed(TEXT, drawn(TEXT, TREE), change);

  it("changes a value", () =>
    expect(apply({ kind: "value", path: [0], value: "b" })).toBe('model == "b"  # first\n  and (stream or has_tools)'));
  it("changes an operator, and what it needs", () =>
    expect(apply({ kind: "operator", path: [0], operator: "not_in" })).toBe(
      'model not in ["a"]  # first\n  and (stream or has_tools)',
    ));
  it("reads a header as a number", () => {
    const text = apply({ kind: "field", path: [1, 0], field: "headers.x-n" });
    expect(text).toContain("(headers.x-n or has_tools)");
    expect(condition({ field: "headers.x-n", operator: "gt", value: 5 })).toBe("number(headers.x-n) > 5");
  });
  it("toggles", () => expect(apply({ kind: "logic", path: [1] })).toContain("(stream and has_tools)"));
  it("adds to the inner group", () =>
    expect(apply({ kind: "add", path: [1], text: "has_images" })).toContain("(stream or has_tools or has_images)"));
  it("adds to the outer group behind the parenthesis", () =>
    expect(apply({ kind: "add", path: [], text: "has_images" })).toBe(`${TEXT} and has_images`));
  it("removes a row and its word", () =>
    expect(apply({ kind: "remove", path: [1, 0] })).toBe('model == "a"  # first\n  and (has_tools)'));
  it("removes the first row and keeps the comment", () =>
    expect(apply({ kind: "remove", path: [0] })).toBe("  # first\n  (stream or has_tools)"));
  it("removes a group", () => expect(apply({ kind: "remove", path: [1] })).toBe('model == "a"  # first\n  '));
});

describe("parentheses that group nothing of their own", () => {
  // `and` in `and` is one group
  const group = (text: string, ...words: string[]): Group => {
    const items = words.map((word): Schemas["RuleRow"] => {
      const start = text.indexOf(word);
      return { kind: "row", field: word, operator: "eq", value: true, span: { start, end: start + word.length } };
    });
    return drawn(text, { kind: "group", logic: "AND", items, span: { start: 0, end: text.length } });
  };
  it.each([
    ["aa and (bb and cc)", 0, "(bb and cc)"],
    ["aa and (bb and cc)", 1, "aa and (cc)"],
    ["aa and (bb and cc)", 2, "aa and (bb)"],
    ["(aa and bb) and cc", 0, "(bb) and cc"],
    ["(aa and bb) and cc", 1, "(aa) and cc"],
    ["(aa and bb) and cc", 2, "(aa and bb)"],
    ["aa # x\n and bb\n and cc", 1, "aa # x\n \n and cc"],
  ])("%j without its part %i", (text, index, result) =>
    expect(changed(text, group(text, "aa", "bb", "cc"), { kind: "remove", path: [index] })).toBe(result),
  );
  it("keeps them when the words change", () =>
    expect(
      changed("(aa and bb) and cc", group("(aa and bb) and cc", "aa", "bb", "cc"), { kind: "logic", path: [] }),
    ).toBe("(aa or bb) or cc"));
});

describe("values", () => {
  it.each([
    ["5", 0, 5],
    ["5", "text", 5],
    ['"5"', "text", "5"],
    ["true", "x", true],
    ["null", "x", null],
    ["plain text", "x", "plain text"],
    ["a, b", ["x"], ["a", "b"]],
    ['"a, b", 3', ["x"], ["a, b", 3]],
  ] as const)("reads %s", (written, before, value) => expect(readValue(written, before as never)).toEqual(value));
  it.each(["a", "5", "true", "null", "", " a", 'say "hi"', "a\nb", "\u{1f600}"])(
    "shows %j so that it is read back",
    (text) => expect(readValue(shown(text), text)).toBe(text),
  );
  it("writes patterns raw where it can", () => {
    const pattern = (value: string) => condition({ field: "model", operator: "regex", value });
    expect(pattern("^a\\.b$")).toBe('model matches r"^a\\.b$"');
    expect(pattern('a\\"b')).toBe('model matches "a\\\\\\"b"');
    expect(pattern("plain")).toBe('model matches "plain"');
  });
  it("writes lists", () => expect(literal(["a", 1])).toBe('["a", 1]'));
});
