/** The entries of a list as lines of a text, and faults in them as the number of their line. */

import type { FieldProblem } from "@/api/client";

/** Lines that are not empty. Spaces around come from pasting, unless the list has the entry just so already. */
export function readEntries(text: string, before: string[] = []): string[] {
  const known = new Set(before);
  return text
    .split(/\r?\n/)
    .map((line) => (known.has(line) ? line : line.trim()))
    .filter(Boolean);
}

/** Line of each entry, counted from 1. */
function lineOf(text: string, entry: number): number {
  let seen = -1;
  return text.split(/\r?\n/).findIndex((line) => line.trim() !== "" && ++seen === entry) + 1;
}

/** A fault of one entry belongs to the field that shows them all. */
export function placed(
  fault: FieldProblem,
  text: string,
  say: (line: string, message: string) => string,
): FieldProblem {
  const entry = /^\/entries\/(\d+)/.exec(fault.pointer)?.[1];
  if (entry === undefined) return fault;
  return { ...fault, pointer: "/entries", message: say(String(lineOf(text, Number(entry))), fault.message) };
}
