import { expect, test } from "vitest";
import { placed, readEntries } from "./entries";

test("lines are entries, without the spaces of pasting", () => {
  expect(readEntries(" a \r\n\n b\nc d\n")).toEqual(["a", "b", "c d"]);
  expect(readEntries("")).toEqual([]);
});

test("an entry that has spaces already keeps them", () => {
  expect(readEntries(" a\n b", [" a"])).toEqual([" a", "b"]);
});

test("a fault of an entry is told with its line", () => {
  const say = (line: string, message: string) => `${line}: ${message}`;
  const fault = { pointer: "/entries/1", code: "length", message: "too long" };
  expect(placed(fault, "a\n\nb\n", say)).toEqual({ pointer: "/entries", code: "length", message: "3: too long" });
  const other = { pointer: "/name", code: "pattern", message: "wrong" };
  expect(placed(other, "", say)).toBe(other);
});
