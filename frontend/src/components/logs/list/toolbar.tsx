"use client";

import { RefreshCw, X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input, Select } from "@/components/ui/field";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { logMessages } from "@/messages/logs";
import { conditionsOf, withoutCondition } from "../conditions";
import { type Range, SPANS } from "../range";
import { FilterInput } from "./filter-input";
import { type LogState, SORTS } from "./state";

/** What is looked for: the filter as text and as chips, the time, the order. */
export function Toolbar({
  state,
  refused,
  children,
}: {
  state: LogState;
  /** The list did not take the filter. */
  refused: boolean;
  children: React.ReactNode;
}) {
  const t = useMessages(logMessages);
  const [asking, setAsking] = useState(false);
  const sorts = { "-request_time": t.newest, request_time: t.oldest, "-total_time_ms": t.slowest };
  return (
    <div className="mb-3 grid grid-cols-[minmax(0,1fr)] gap-2">
      <FilterInput applied={state.filter} onApply={(filter) => state.change({ filter })} refused={refused} />
      <Chips state={state} />
      <div className="flex flex-wrap items-center gap-2">
        <Select
          aria-label={t.range}
          className="w-auto max-w-full"
          disabled={state.live}
          onChange={(event) => {
            const range = event.target.value as Range;
            if (range === "custom") setAsking(true);
            else state.change({ range, from: "", to: "" });
          }}
          value={state.range}
        >
          {SPANS.map((span) => (
            <option key={span} value={span}>
              {t.rangeOf(span)}
            </option>
          ))}
          <option value="all">{t.anyTime}</option>
          <option value="custom">{t.custom}</option>
        </Select>
        <Select
          aria-label={t.sort}
          className="w-auto"
          disabled={state.live}
          onChange={(event) => state.change({ sort: event.target.value as LogState["sort"] })}
          value={state.sort}
        >
          {SORTS.map((sort) => (
            <option key={sort} value={sort}>
              {sorts[sort]}
            </option>
          ))}
        </Select>
        <Button aria-label={t.refresh} disabled={state.live} onClick={state.refresh} size="icon" variant="outline">
          <RefreshCw />
        </Button>
        {children}
      </div>
      {state.range === "custom" ? <Stretch onChange={() => setAsking(true)} state={state} /> : null}
      {asking ? <AskTimes onClose={() => setAsking(false)} state={state} /> : null}
    </div>
  );
}

function Chips({ state }: { state: LogState }) {
  const t = useMessages(logMessages);
  const conditions = conditionsOf(state.filter);
  if (conditions.length === 0) return null;
  return (
    <ul aria-label={t.conditions} className="flex flex-wrap gap-1.5">
      {conditions.map((condition) => (
        <li className="flex min-w-0 max-w-full items-center rounded-full border bg-accent pl-3" key={condition}>
          <code className="min-w-0 truncate py-1 font-mono text-xs">{condition}</code>
          <Button
            aria-label={t.without(condition)}
            className="size-7 rounded-full [&_svg]:size-3.5"
            onClick={() => state.change({ filter: withoutCondition(state.filter, condition) })}
            size="none"
            variant="ghost"
          >
            <X />
          </Button>
        </li>
      ))}
    </ul>
  );
}

function Stretch({ state, onChange }: { state: LogState; onChange: () => void }) {
  const t = useMessages(logMessages);
  const format = useFormat();
  const write = (time: string) => (time ? format.time(time) : t.anyTime);
  return (
    <div className="flex flex-wrap items-center gap-2 text-sm">
      <Button onClick={onChange} size="none" variant="link">
        {write(state.from)} – {write(state.to)}
      </Button>
      <Button onClick={() => state.change({ range: "24h", from: "", to: "" })} size="small" variant="ghost">
        <X />
        {t.rangeOf("24h")}
      </Button>
    </div>
  );
}

function AskTimes({ state, onClose }: { state: LogState; onClose: () => void }) {
  const t = useMessages(logMessages);
  return (
    <Dialog onOpenChange={onClose} open title={t.range}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const values = new FormData(event.currentTarget);
          const moment = (name: string) => {
            const text = String(values.get(name) ?? "");
            return text ? new Date(text).toISOString() : "";
          };
          state.change({ range: "custom", from: moment("from"), to: moment("to") });
          onClose();
        }}
      >
        <Field label={t.from}>
          <Input defaultValue={local(state.bounds.start_time)} name="from" step={1} type="datetime-local" />
        </Field>
        <Field label={t.to}>
          <Input defaultValue={local(state.bounds.end_time)} name="to" step={1} type="datetime-local" />
        </Field>
        <div className="flex justify-end">
          <Button type="submit">{t.apply}</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** A moment as `datetime-local` has it, to the second. */
function local(iso: string): string {
  const moment = new Date(iso);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
