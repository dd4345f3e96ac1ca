"use client";

import Link from "next/link";
import { useEffect, useRef, useState } from "react";
import type { Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { ErrorNote } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import { namesOf, type Place, useModel } from "../place";
import { changedShare, type Progress, replay } from "../replay";

const WINDOWS = [100, 1_000, 10_000, 100_000];

export interface Replayed {
  text: string;
  result: Schemas["ReplayResult"];
}

/** The draft over the last requests of the model: what would have gone elsewhere. */
export function Replay({
  model,
  place,
  text,
  valid,
  replayed,
  onReplayed,
}: {
  model: string;
  place: Place;
  text: string;
  valid: boolean;
  replayed: Replayed | null;
  onReplayed: (replayed: Replayed) => void;
}) {
  const t = useMessages(ruleMessages);
  const format = useFormat();
  const [last, setLast] = useState(1_000);
  const [progress, setProgress] = useState<Progress | null>(null);
  const [error, setError] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const run = async () => {
    const stop = new AbortController();
    running.current = stop;
    setError(null);
    setProgress({ done: 0, total: last });
    try {
      onReplayed({ text, result: await replay({ model, place, text, last }, setProgress, stop.signal) });
    } catch (caught) {
      if (!stop.signal.aborted) setError(caught);
    } finally {
      setProgress(null);
    }
  };
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center gap-2">
        <Select
          aria-label={t.howMany}
          className="w-auto"
          disabled={progress !== null}
          onChange={(event) => setLast(Number(event.target.value))}
          value={last}
        >
          {WINDOWS.map((count) => (
            <option key={count} value={count}>
              {t.lastRequests(format.number(count))}
            </option>
          ))}
        </Select>
        {progress ? (
          <Button onClick={() => running.current?.abort()} variant="outline">
            {t.stop}
          </Button>
        ) : (
          <Button disabled={!valid} onClick={run}>
            {t.runReplay}
          </Button>
        )}
      </div>
      {progress ? (
        <div className="grid gap-1">
          <progress
            aria-label={t.replaying}
            className="h-2 w-full accent-primary"
            max={Math.max(1, progress.total)}
            value={progress.done}
          />
          <p className="text-muted-foreground text-xs">
            {t.progress(format.number(progress.done), format.number(progress.total))}
          </p>
        </div>
      ) : null}
      {valid ? null : <p className="text-muted-foreground text-sm">{t.mendFirst}</p>}
      <ErrorNote error={error} />
      {replayed ? <Outcome current={replayed.text === text} result={replayed.result} /> : null}
      {!replayed && !progress ? <p className="max-w-prose text-muted-foreground text-sm">{t.replayHint}</p> : null}
    </div>
  );
}

function Outcome({ result, current }: { result: Schemas["ReplayResult"]; current: boolean }) {
  const names = namesOf(useModel(result.model).data?.targets ?? []);
  const t = useMessages(ruleMessages);
  const format = useFormat();
  const name = (target: Schemas["ReplayTargetRef"] | null | undefined) =>
    target ? (names.get(target.target_id) ?? target.provider) : t.nobody;
  return (
    <div className={current ? "grid gap-3" : "grid gap-3 opacity-60"}>
      <p className="text-sm" role="status">
        {current ? null : `${t.olderText} `}
        {result.requests === 0
          ? t.nothingToReplay
          : t.replayed(
              format.number(result.evaluated),
              format.number(result.changed),
              format.percent(changedShare(result)),
            )}
      </p>
      <ul className="grid gap-2">
        {result.changes.map((change) => (
          <li
            className="grid gap-1.5 rounded-md border p-3 text-sm"
            key={`${change.before?.target_id}-${change.after?.target_id}`}
          >
            <p className="flex flex-wrap items-baseline justify-between gap-2">
              <span className="break-words font-medium">
                {change.before?.target_id === change.after?.target_id
                  ? t.laterDiffer(name(change.before))
                  : `${name(change.before)} → ${name(change.after)}`}
              </span>
              <span>{t.requests(format.number(change.count))}</span>
            </p>
            {change.latency ? (
              <p className="text-muted-foreground text-xs">
                {t.slower(
                  signed(change.latency.total_ms_median, format.duration),
                  signed(change.latency.total_ms_p95, format.duration),
                )}
              </p>
            ) : null}
            {change.refusals.map((refusal) => (
              <p className="break-words text-xs" key={`${refusal.target?.target_id}-${refusal.refused_by}`}>
                {t.refusedBy(
                  refusal.target ? name(refusal.target) : t.theModel,
                  refusal.refused_by,
                  format.number(refusal.count),
                )}
              </p>
            ))}
            <p className="flex flex-wrap gap-x-3 text-xs">
              {change.samples.slice(0, 3).map((id) => (
                <Link
                  className="font-mono text-primary underline underline-offset-4"
                  href={`/logs/view/?id=${encodeURIComponent(id)}`}
                  key={id}
                >
                  {id.slice(-12)}
                </Link>
              ))}
            </p>
          </li>
        ))}
      </ul>
      {result.approximate > 0 ? (
        <p className="text-muted-foreground text-xs">{t.approximate(format.number(result.approximate))}</p>
      ) : null}
      {result.not_evaluated > 0 ? (
        <p className="text-muted-foreground text-xs">
          {t.notEvaluable(
            format.number(result.not_evaluated),
            result.gaps.map((gap) => `${gap.path} (${format.number(gap.count)})`).join(", "),
          )}
        </p>
      ) : null}
      {result.notes.map((note) => (
        <p className="text-muted-foreground text-xs" key={note}>
          {note}
        </p>
      ))}
    </div>
  );
}

function signed(ms: number, duration: (ms: number) => string): string {
  return ms < 0 ? `−${duration(-ms)}` : `+${duration(ms)}`;
}
