/** A trace as lines of a tree: conditions, each with the values it looked at. */

import type { Schemas } from "@/api/client";
import { type Span, spanIn } from "./code/tokens";

export type TraceNode = Schemas["ExplainNode"];

export interface TraceLine {
  node: TraceNode;
  depth: number;
  /** In units of the rule's text. */
  span: Span;
  text: string;
  /** What it asked about, and what was there. */
  operands: { text: string; outcome: string; value: unknown }[];
  deciding: boolean;
}

const CONDITIONS = new Set(["and", "or", "not", "compare", "member", "any", "all", "none", "count"]);

/** The lines of a trace, outermost first. `refused`: the part that decided, where the rule refuses. */
export function traceLines(rule: string, root: TraceNode, refused: Span | null | undefined): TraceLine[] {
  const lines: TraceLine[] = [];
  const refusedHere = refused ? spanIn(rule, refused) : null;
  const visit = (node: TraceNode, depth: number) => {
    const span = spanIn(rule, node.span);
    const children = node.children ?? [];
    const inner = children.filter(isCondition);
    lines.push({
      node,
      depth,
      span,
      text: rule.slice(span.start, span.end),
      operands: children.flatMap((child) => (isCondition(child) ? [] : operandsOf(rule, child))),
      deciding: refusedHere !== null && refusedHere.start === span.start && refusedHere.end === span.end,
    });
    for (const child of inner) visit(child, depth + 1);
  };
  visit(root, 0);
  return lines;
}

function isCondition(node: TraceNode): boolean {
  return CONDITIONS.has(node.kind) || ((node.children?.length ?? 0) > 0 && (node.children ?? []).some(isCondition));
}

function operandsOf(rule: string, node: TraceNode): TraceLine["operands"] {
  const inner = (node.children ?? []).flatMap((child) => operandsOf(rule, child));
  if (node.kind === "const") return [];
  const span = spanIn(rule, node.span);
  return [{ text: rule.slice(span.start, span.end), outcome: node.outcome, value: node.value }, ...inner];
}

/** The innermost line around a place. */
export function lineAt(lines: TraceLine[], place: number): TraceLine | null {
  let found: TraceLine | null = null;
  for (const line of lines) {
    if (line.span.start > place || line.span.end < place) continue;
    if (!found || line.span.end - line.span.start <= found.span.end - found.span.start) found = line;
  }
  return found;
}

/** A value on one line. */
export function shownValue(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
