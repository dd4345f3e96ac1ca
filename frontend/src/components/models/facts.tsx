"use client";

import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { type Model, useDefaults } from "./queries";

/** Strategy and retry settings in force; what comes from the gateway's own settings says so. */
export function Facts({ model }: { model: Model }) {
  const t = useMessages(modelMessages);
  const format = useFormat();
  const defaults = useDefaults();
  const value = (own: number | null, other: number | undefined, show: (value: number) => string) => {
    if (own !== null) return show(own);
    return other === undefined ? "…" : t.byDefault(show(other));
  };
  const facts: [string, string][] = [
    [t.strategy, t[model.strategy]],
    [t.attempts, value(model.retry_max_attempts, defaults?.attempts, format.number)],
    [t.wait, value(model.retry_delay_ms, defaults?.delayMs, format.duration)],
    [t.longestWait, value(model.retry_max_delay_ms, defaults?.maxDelayMs, format.duration)],
    [t.attemptsTotal, value(model.max_attempts_total, defaults?.attemptsTotal, format.number)],
    [t.finalStatuses, model.final_statuses.join(", ") || t.none],
  ];
  return (
    <dl className="grid grid-cols-2 gap-x-4 gap-y-2 text-sm sm:grid-cols-3 lg:grid-cols-6">
      {facts.map(([name, shown]) => (
        <div className="min-w-0" key={name}>
          <dt className="text-muted-foreground text-xs">{name}</dt>
          <dd className="break-words">{shown}</dd>
        </div>
      ))}
      {model.notes ? (
        <div className="col-span-full min-w-0">
          <dt className="text-muted-foreground text-xs">{t.notes}</dt>
          <dd className="whitespace-pre-wrap break-words">{model.notes}</dd>
        </div>
      ) : null}
    </dl>
  );
}
