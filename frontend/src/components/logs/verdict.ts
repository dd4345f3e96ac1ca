/** How a request ended, in one sentence. */

import type { Schemas } from "@/api/client";
import type { Format } from "@/lib/format";
import type { recordMessages } from "@/messages/log";

export type Record = Schemas["LogDetail"];
export type Attempt = Schemas["LogAttempt"];
export type RecordTexts = (typeof recordMessages)["zh"];

/** Attempts that are told one by one. */
const TOLD = 5;

/** For example `200 after 2 tries: azure answered 429 in 310 ms, then openai answered 200 in 2.1 s`. */
export function verdict(record: Record, t: RecordTexts, format: Format): string {
  const last = record.attempts.at(-1);
  const total = format.duration(record.total_time_ms);
  if (record.end_reason === "aborted_by_crash") return t.crashed;
  if (record.end_reason === "client_left") {
    if (!last) return t.clientLeft(total, t.leftNobody);
    const begun = record.first_byte_delay_ms !== null;
    return t.clientLeft(total, (begun ? t.leftReading : t.leftWaiting)(last.provider));
  }
  if (!last) return t.none(record.status, record.error_code ? t.refusal(record.error_code) : t.unknown);
  if (record.end_reason === "truncated") {
    return t.cut(record.status, last.provider, total, t.failure(last.error ?? "truncated"));
  }
  if (record.attempts.length === 1) {
    return last.error === null ? attemptText(last, t, format) : t.gaveUp(record.status, attemptText(last, t, format));
  }
  return t.several(record.status, record.attempts.length, story(record.attempts, t, format));
}

function story(attempts: Attempt[], t: RecordTexts, format: Format): string {
  // Of one provider that was asked for several models, each attempt names its own.
  const alike = (one: Attempt) =>
    attempts.some((other) => other.provider === one.provider && other.target_model !== one.target_model);
  const told = attempts.map((attempt) => {
    const provider = alike(attempt) ? `${attempt.provider} (${attempt.target_model})` : attempt.provider;
    return attemptText({ ...attempt, provider }, t, format);
  });
  if (told.length <= TOLD) return t.inTurn(told);
  return t.inTurn([...told.slice(0, TOLD - 2), t.others(told.length - TOLD + 1), told.at(-1) ?? ""]);
}

/** What came of one attempt. */
export function attemptText(attempt: Attempt, t: RecordTexts, format: Format): string {
  const took = span((attempt.ended_ms ?? attempt.started_ms) - attempt.started_ms, format);
  if (attempt.error !== null) return t.broken(attempt.provider, t.failure(attempt.error), took);
  return t.answered(attempt.provider, attempt.status ?? 0, took);
}

/** Why another attempt followed: `retry after timeout_idle`, `failover after status 429`. */
export function nextText(next: string | null, t: RecordTexts): string | null {
  const found = /^(retry|failover) after (.+)$/.exec(next ?? "");
  if (!found?.[1] || !found[2]) return next;
  const status = /^status (\d+)$/.exec(found[2]);
  const cause = status?.[1] ? t.causeStatus(status[1]) : t.failure(found[2]);
  return found[1] === "retry" ? t.retried(cause) : t.failedOver(cause);
}

/** A duration; below a millisecond with its tenths, as refusals often are. */
export function span(milliseconds: number, format: Format): string {
  return milliseconds > 0 && milliseconds < 1 ? `${milliseconds.toFixed(1)} ms` : format.duration(milliseconds);
}
