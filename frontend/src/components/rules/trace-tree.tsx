"use client";

import { Check, CircleDashed, CircleSlash, X } from "lucide-react";
import { useRef, useState } from "react";
import { Badge } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { ruleMessages } from "@/messages/rules";
import type { Span } from "./code/tokens";
import { lineAt, shownValue, type TraceLine, type TraceNode, traceLines } from "./trace";

const ICONS = { true: Check, false: X, missing: CircleSlash, not_evaluated: CircleDashed, value: Check };
const TONES = {
  true: "text-success",
  false: "text-destructive",
  missing: "text-warning",
  not_evaluated: "text-muted-foreground",
  value: "text-muted-foreground",
};

type Outcome = keyof typeof ICONS;

/**
 * What each part of a rule came to: true, false, missing, or not looked at, with the values. The part that decided is
 * outlined. `onPoint` hears which part the pointer or the keyboard is on; `place` marks the part at a place of the text.
 */
export function TraceTree({
  rule,
  trace,
  refused,
  place = null,
  onPoint,
}: {
  rule: string;
  trace: TraceNode;
  refused?: Span | null;
  place?: number | null;
  onPoint?: (span: Span | null) => void;
}) {
  const t = useMessages(ruleMessages);
  const lines = traceLines(rule, trace, refused);
  const [current, setCurrent] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const marked = place === null ? null : lineAt(lines, place);
  const go = (index: number) => {
    const next = Math.max(0, Math.min(lines.length - 1, index));
    setCurrent(next);
    box.current?.querySelectorAll<HTMLElement>("[role=treeitem]")[next]?.focus();
  };
  const steps: Record<string, number> = {
    ArrowDown: current + 1,
    ArrowUp: current - 1,
    Home: 0,
    End: lines.length - 1,
  };
  return (
    <div
      aria-label={t.trace}
      className="grid gap-0.5"
      onKeyDown={(event) => {
        const next = steps[event.key];
        if (next === undefined) return;
        event.preventDefault();
        go(next);
      }}
      ref={box}
      role="tree"
    >
      {lines.map((line, index) => (
        <div
          aria-level={line.depth + 1}
          aria-selected={index === current}
          className={cn(
            "grid grid-cols-[auto_minmax(0,1fr)] gap-2 rounded-sm px-2 py-1",
            line.deciding && "outline outline-2 outline-destructive",
            line === marked && "bg-accent",
          )}
          key={`${line.span.start}-${line.span.end}-${line.node.kind}-${line.depth}`}
          onBlur={() => onPoint?.(null)}
          onFocus={() => {
            setCurrent(index);
            onPoint?.(line.span);
          }}
          onMouseEnter={() => onPoint?.(line.span)}
          onMouseLeave={() => onPoint?.(null)}
          role="treeitem"
          style={{ marginInlineStart: `${Math.min(line.depth, 8) * 1}rem` }}
          tabIndex={index === Math.min(current, lines.length - 1) ? 0 : -1}
        >
          <Line line={line} />
        </div>
      ))}
    </div>
  );
}

function Line({ line }: { line: TraceLine }) {
  const t = useMessages(ruleMessages);
  const outcome = (line.node.outcome in ICONS ? line.node.outcome : "value") as Outcome;
  const Icon = ICONS[outcome];
  const words: Record<Outcome, string> = {
    true: t.isTrue,
    false: t.isFalse,
    missing: t.isMissing,
    not_evaluated: t.notEvaluated,
    value: shownValue(line.node.value),
  };
  const joined = line.node.kind === "and" || line.node.kind === "or";
  return (
    <>
      <span className={cn("flex items-center gap-1.5 font-medium text-xs", TONES[outcome])}>
        <Icon aria-hidden className="size-4" />
        {words[outcome]}
      </span>
      <span className="grid min-w-0 gap-0.5">
        <span className="break-words font-mono text-xs">
          {joined ? (line.node.kind === "and" ? t.allOf : t.oneOf) : line.text}
        </span>
        {line.operands.map((operand, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the operands of a condition do not move
          <span className="break-words text-muted-foreground text-xs" key={index}>
            <span className="font-mono">{operand.text}</span>
            {" · "}
            {operand.outcome === "missing"
              ? t.isMissing
              : operand.outcome === "not_evaluated"
                ? t.notEvaluated
                : shownValue(operand.value ?? operand.outcome)}
          </span>
        ))}
        {line.node.mismatch ? <span className="text-warning text-xs">{t.mismatch}</span> : null}
        {typeof line.node.element === "number" ? (
          <span className="text-muted-foreground text-xs">{t.element(line.node.element + 1)}</span>
        ) : null}
        {line.deciding ? (
          <Badge className="justify-self-start" tone="bad">
            {t.deciding}
          </Badge>
        ) : null}
      </span>
    </>
  );
}
