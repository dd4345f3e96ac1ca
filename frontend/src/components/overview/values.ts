/** What the overview makes of the figures: pure, so that it can be tested without a browser. */

import type { Schemas } from "@/api/client";

export const RANGES = ["1h", "24h", "7d"] as const;
export type Range = (typeof RANGES)[number];

/** Change against the range before, as a share: 0.25 is a quarter more. Null where there was nothing before. */
export function changeOf(now: number, before: number): number | null {
  return before === 0 ? null : (now - before) / before;
}

/** Share of the failed ones, 0 without requests. */
export function share(errors: number, requests: number): number {
  return requests === 0 ? 0 : errors / requests;
}

type Bucket = Schemas["OverviewBucket"];

export interface Columns {
  times: number[];
  status_2xx: number[];
  status_3xx: number[];
  status_4xx: number[];
  status_5xx: number[];
  input: number[];
  output: number[];
  total: Lines;
  delay: Lines;
}

/** Percentiles; null in buckets without requests: there is no time that was not taken. */
export type Lines = Record<"p50" | "p95" | "p99", (number | null)[]>;

export function columnsOf(buckets: Bucket[]): Columns {
  const lines = (name: "total_time_ms" | "first_byte_delay_ms"): Lines => ({
    p50: buckets.map((bucket) => bucket[name].p50),
    p95: buckets.map((bucket) => bucket[name].p95),
    p99: buckets.map((bucket) => bucket[name].p99),
  });
  return {
    times: buckets.map((bucket) => new Date(bucket.start_time).getTime() / 1000),
    status_2xx: buckets.map((bucket) => bucket.status_2xx),
    status_3xx: buckets.map((bucket) => bucket.status_3xx),
    status_4xx: buckets.map((bucket) => bucket.status_4xx),
    status_5xx: buckets.map((bucket) => bucket.status_5xx),
    input: buckets.map((bucket) => bucket.input_tokens),
    output: buckets.map((bucket) => bucket.output_tokens),
    total: lines("total_time_ms"),
    delay: lines("first_byte_delay_ms"),
  };
}

/** What is not as it should be. */
export type Trouble =
  | { kind: "stale" | "logFailing" }
  | { kind: "logDropped" | "bodiesDropped" | "logQueued"; count: number }
  | { kind: "problem"; text: string };

/** Records waiting for the database when it is worth saying so. */
const MANY = 1000;

export function troublesOf(system: Schemas["System"]): Trouble[] {
  const { configuration, log } = system;
  const found: Trouble[] = [];
  if (!configuration.fresh) found.push({ kind: "stale" });
  if (log.failing) found.push({ kind: "logFailing" });
  if (log.dropped > 0) found.push({ kind: "logDropped", count: log.dropped });
  if (log.bodies_dropped > 0) found.push({ kind: "bodiesDropped", count: log.bodies_dropped });
  if (log.queued >= MANY) found.push({ kind: "logQueued", count: log.queued });
  return [...found, ...configuration.problems.map((text): Trouble => ({ kind: "problem", text }))];
}
