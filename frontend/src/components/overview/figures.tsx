"use client";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { overviewMessages } from "@/messages/overview";
import { useChange } from "./change";
import { share } from "./values";

/** The figures of the whole range, with those of the range before. */
export function Figures({ overview }: { overview: Schemas["Overview"] }) {
  const t = useMessages(overviewMessages);
  const format = useFormat();
  const change = useChange();
  const { total, before } = overview;
  const time = (ms: number | null) => (ms === null ? t.unknown : format.duration(ms));
  const versus = (changed: string) => (before.requests === 0 ? t.noneBefore : t.versus(changed));
  const failed = share(total.errors, total.requests);
  return (
    <dl className="grid grid-cols-2 gap-3 sm:grid-cols-3 xl:grid-cols-5">
      <Figure
        name={t.requests}
        note={versus(change(total.requests, before.requests))}
        value={format.number(total.requests)}
      />
      <Figure
        bad={total.errors > 0}
        name={t.failed}
        note={versus(change(failed, share(before.errors, before.requests)))}
        value={format.percent(failed)}
      />
      <Figure
        name={t.firstByte}
        note={t.median(time(total.first_byte_delay_ms.p50))}
        value={time(total.first_byte_delay_ms.p95)}
      />
      <Figure name={t.middle} note={t.median(time(total.total_time_ms.p50))} value={time(total.total_time_ms.p95)} />
      <Figure
        name={t.tokens}
        note={t.tokensInOut(format.compact(total.input_tokens), format.compact(total.output_tokens))}
        value={format.compact(total.input_tokens + total.output_tokens)}
      />
    </dl>
  );
}

function Figure({ name, value, note, bad = false }: { name: string; value: string; note: string; bad?: boolean }) {
  return (
    <div className="grid content-start gap-1 rounded-lg border bg-card p-3">
      <dt className="text-muted-foreground text-xs">{name}</dt>
      <dd
        className={bad ? "font-semibold text-destructive text-xl tabular-nums" : "font-semibold text-xl tabular-nums"}
      >
        {value}
      </dd>
      <dd className="text-muted-foreground text-xs tabular-nums">{note}</dd>
    </div>
  );
}
