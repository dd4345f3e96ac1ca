"use client";

import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { logMessages } from "@/messages/logs";
import { type LogState, SIZES } from "./state";

export function Total({ total }: { total: { value: number; relation: "eq" | "gte" } | undefined }) {
  const t = useMessages(logMessages);
  const format = useFormat();
  return (
    <p aria-live="polite" className="ml-auto text-muted-foreground tabular-nums">
      {total ? t.total(format.number(total.value), total.relation === "gte") : ""}
    </p>
  );
}

export function Paging({ state, next }: { state: LogState; next: string | null }) {
  const t = useMessages(logMessages);
  const format = useFormat();
  const byTime = state.sort === "-request_time";
  const page = state.pages.length + 1;
  return (
    <nav aria-label={t.pageNumber(format.number(page))} className="mt-3 flex flex-wrap items-center gap-2 text-sm">
      <div className="flex items-center gap-2">
        <span aria-hidden>{t.pageSize}</span>
        <Select
          aria-label={t.pageSize}
          className="h-8 w-auto"
          onChange={(event) => state.change({ size: event.target.value as LogState["size"] })}
          value={state.size}
        >
          {SIZES.map((size) => (
            <option key={size}>{size}</option>
          ))}
        </Select>
      </div>
      <span className="mr-auto text-muted-foreground">{t.pageNumber(format.number(page))}</span>
      {page > 2 ? (
        <Button onClick={state.refresh} size="small" variant="ghost">
          {t.first}
        </Button>
      ) : null}
      <Button disabled={page === 1} onClick={state.newer} size="small" variant="outline">
        {byTime ? t.newer : t.back}
      </Button>
      <Button disabled={next === null} onClick={() => next && state.older(next)} size="small" variant="outline">
        {byTime ? t.older : t.more}
      </Button>
    </nav>
  );
}
