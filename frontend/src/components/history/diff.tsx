"use client";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { fieldMessages, historyMessages } from "@/messages/history";
import { compared, shown } from "./values";

type Change = Schemas["FieldChange"];

/** The fields of a change: what they were and what they are. */
export function Diff({ fields, action }: { fields: [string, Change][]; action: string }) {
  const names: Record<string, string> = useMessages(fieldMessages);
  const made = action === "create";
  const gone = action === "delete";
  return (
    <dl className="grid gap-x-4 gap-y-2 text-sm md:grid-cols-[12rem_minmax(0,1fr)]">
      {fields.map(([field, change]) => (
        <div className="min-w-0 md:contents" key={field}>
          <dt className="break-words text-muted-foreground">{Object.hasOwn(names, field) ? names[field] : field}</dt>
          <dd className="min-w-0">
            {made || gone ? (
              <Value field={field} tone={gone ? "old" : "plain"} value={made ? change.new : change.old} />
            ) : (
              <Pair change={change} field={field} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Pair({ field, change }: { field: string; change: Change }) {
  const t = useMessages(historyMessages);
  if (shown(field, change.old).kind === "secret" && shown(field, change.new).kind === "secret") {
    return <span className="text-muted-foreground">{t.replaced}</span>;
  }
  const lists = compared(change.old, change.new);
  if (lists) {
    return (
      <div className="grid gap-1">
        <Words label={t.added} mark="+" tone="new" words={lists.added} />
        <Words label={t.removed} mark="−" tone="old" words={lists.removed} />
      </div>
    );
  }
  return (
    <div className="grid gap-1">
      <Line label={t.before} mark="−">
        <Value field={field} tone="old" value={change.old} />
      </Line>
      <Line label={t.after} mark="+">
        <Value field={field} tone="new" value={change.new} />
      </Line>
    </div>
  );
}

function Line({ mark, label, children }: { mark: string; label: string; children: React.ReactNode }) {
  return (
    <div className="flex min-w-0 gap-2">
      <span aria-hidden className="w-3 shrink-0 text-center font-mono">
        {mark}
      </span>
      <span className="sr-only">{label}: </span>
      <div className="min-w-0 flex-1">{children}</div>
    </div>
  );
}

/** At most so many words of a list are shown; the count tells of the rest. */
const MOST = 200;

function Words({ mark, label, words, tone }: { mark: string; label: string; words: string[]; tone: Tone }) {
  if (words.length === 0) return null;
  return (
    <Line label={label} mark={mark}>
      <span className={cn("break-words rounded-sm", TONES[tone])}>
        {words.slice(0, MOST).join(", ")}
        {words.length > MOST ? ` … (${words.length})` : ""}
      </span>
    </Line>
  );
}

type Tone = "old" | "new" | "plain";

const TONES: Record<Tone, string> = { old: "bg-destructive/10 px-1", new: "bg-success/12 px-1", plain: "" };

function Value({ field, value, tone }: { field: string; value: unknown; tone: Tone }) {
  const t = useMessages(historyMessages);
  const format = useFormat();
  const found = shown(field, value);
  if (found.kind === "nothing") return <span className="text-muted-foreground">{t.nothing}</span>;
  if (found.kind === "secret") return <span className={cn("rounded-sm", TONES[tone])}>{t.secret}</span>;
  if (found.kind === "code") {
    return (
      <pre
        className={cn(
          "max-h-60 overflow-auto whitespace-pre-wrap break-words rounded-sm font-mono text-xs leading-5",
          TONES[tone],
        )}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
      >
        {found.text}
      </pre>
    );
  }
  const text =
    found.kind === "flag" ? (found.on ? t.yes : t.no) : found.kind === "time" ? format.time(found.iso) : found.text;
  return <span className={cn("break-words rounded-sm", TONES[tone])}>{text}</span>;
}
