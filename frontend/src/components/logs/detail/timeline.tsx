"use client";

import { Button } from "@/components/ui/button";
import { Badge, Card } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { recordMessages } from "@/messages/log";
import { type Attempt, nextText, type Record, span } from "../verdict";

/** The attempts on one scale of time, each with its outcome and why another one followed. */
export function Timeline({ record, onDecision }: { record: Record; onDecision: () => void }) {
  const t = useMessages(recordMessages);
  const format = useFormat();
  const whole = Math.max(record.total_time_ms, ...record.attempts.map(endOf), 1);
  if (record.attempts.length === 0) {
    return (
      <Card className="flex flex-wrap items-center gap-3">
        <p>{t.noAttempts}</p>
        {record.trace.length > 0 ? (
          <Button onClick={onDecision} size="small" variant="outline">
            {t.seeDecision}
          </Button>
        ) : null}
      </Card>
    );
  }
  return (
    <div className="grid gap-3">
      <p className="flex flex-wrap gap-x-4 gap-y-1 text-muted-foreground text-xs">
        <Legend className="bg-series-1/45" text={t.toFirstByte} />
        <Legend className="bg-series-1" text={t.receiving} />
        <Legend className="bg-series-4" text={t.failed} />
        <span className="ml-auto tabular-nums">
          {t.duration}: {format.duration(record.total_time_ms)}
        </span>
      </p>
      <ol className="grid gap-3">
        {record.attempts.map((attempt, index) => {
          const before = record.attempts[index - 1];
          const waited = before ? attempt.started_ms - endOf(before) : 0;
          return (
            <li className="grid gap-2" key={`${attempt.target_id} ${attempt.started_ms}`}>
              {waited >= 1 ? (
                <p className="pl-3 text-muted-foreground text-xs">{t.wait(format.duration(waited))}</p>
              ) : null}
              <AttemptCard attempt={attempt} number={index + 1} record={record} whole={whole} />
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Legend({ className, text }: { className: string; text: string }) {
  return (
    <span className="flex items-center gap-1.5">
      <span aria-hidden className={cn("size-2.5 rounded-sm", className)} />
      {text}
    </span>
  );
}

function AttemptCard({
  attempt,
  number,
  whole,
  record,
}: {
  attempt: Attempt;
  number: number;
  whole: number;
  record: Record;
}) {
  const t = useMessages(recordMessages);
  const format = useFormat();
  const bad = isBad(attempt);
  const next = nextText(attempt.next, t);
  const facts: [string, string][] = [
    [t.began, span(attempt.started_ms, format)],
    [t.firstByte, attempt.first_byte_ms === null ? t.unknown : span(attempt.first_byte_ms, format)],
    [t.ended, attempt.ended_ms === null ? t.unknown : span(attempt.ended_ms, format)],
  ];
  const isLast = record.attempts.at(-1) === attempt;
  return (
    <Card className={cn("grid gap-3", bad && "border-destructive/60")}>
      <div className="flex flex-wrap items-center gap-2">
        <span className="font-medium">{t.attempt(number)}</span>
        <span className="min-w-0 break-words">
          {attempt.provider} · <span className="font-mono text-xs">{attempt.target_model}</span>
        </span>
        {attempt.status !== null ? <Badge tone={attempt.status >= 400 ? "bad" : "good"}>{attempt.status}</Badge> : null}
        {attempt.error !== null ? <Badge tone="bad">{attempt.error}</Badge> : null}
        <span className="ml-auto text-muted-foreground tabular-nums">
          {span(endOf(attempt) - attempt.started_ms, format)}
        </span>
      </div>
      <Bar attempt={attempt} whole={whole} />
      <dl className="flex flex-wrap gap-x-5 gap-y-1 text-xs">
        {facts.map(([name, value]) => (
          <div className="flex gap-1.5" key={name}>
            <dt className="text-muted-foreground">{name}</dt>
            <dd className="tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      {attempt.error !== null ? (
        <p>
          {attempt.provider} {t.failure(attempt.error)}.
        </p>
      ) : null}
      {next ? <p className="font-medium">{next}</p> : null}
      {isLast && record.attempts.length > 1 ? <p className="text-muted-foreground">{t.last}</p> : null}
    </Card>
  );
}

function Bar({ attempt, whole }: { attempt: Attempt; whole: number }) {
  const percent = (time: number) => `${Math.min(100, Math.max(0, (time / whole) * 100))}%`;
  const end = endOf(attempt);
  const first = attempt.first_byte_ms ?? end;
  const bad = isBad(attempt);
  return (
    <div aria-hidden className="relative h-3 overflow-hidden rounded-sm bg-muted">
      <div
        className={cn("absolute inset-y-0 min-w-0.5", bad ? "bg-series-4/45" : "bg-series-1/45")}
        style={{ left: percent(attempt.started_ms), width: percent(first - attempt.started_ms) }}
      />
      <div
        className={cn("absolute inset-y-0 min-w-0.5", bad ? "bg-series-4" : "bg-series-1")}
        style={{ left: percent(first), width: percent(end - first) }}
      />
    </div>
  );
}

function endOf(attempt: Attempt): number {
  return attempt.ended_ms ?? attempt.first_byte_ms ?? attempt.started_ms;
}

function isBad(attempt: Attempt): boolean {
  return attempt.error !== null || (attempt.status ?? 0) >= 400;
}
