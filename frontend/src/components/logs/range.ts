/** Stretches of time: the presets, and what they are at a moment. */

export const SPANS = ["15m", "1h", "24h", "7d", "30d"] as const;
export const RANGES = [...SPANS, "all", "custom"] as const;
export type Range = (typeof RANGES)[number];

const MINUTE = 60_000;
const LENGTHS: Record<(typeof SPANS)[number], number> = {
  "15m": 15 * MINUTE,
  "1h": 60 * MINUTE,
  "24h": 1440 * MINUTE,
  "7d": 7 * 1440 * MINUTE,
  "30d": 30 * 1440 * MINUTE,
};
/** As long as records are kept by default: what a statistic over all of them looks at. */
const KEPT = 90 * 1440 * MINUTE;

export interface Times {
  start_time?: string;
  end_time?: string;
}

/** What a list is asked for. A preset reaches back from the moment and has no end: new records show. */
export function timesOf(range: Range, from: string, to: string, moment: number): Times {
  if (range === "custom") return { start_time: from || undefined, end_time: to || undefined };
  if (range === "all") return {};
  return { start_time: new Date(moment - LENGTHS[range]).toISOString() };
}

/** What a statistic is asked for: it needs a beginning and, to be one of few buckets, an end. */
export function boundsOf({ start_time, end_time }: Times, moment: number): Required<Times> {
  const end = end_time ? new Date(end_time).getTime() : moment + 1;
  const start = start_time ? new Date(start_time).getTime() : end - KEPT;
  return { start_time: new Date(Math.min(start, end - 1)).toISOString(), end_time: new Date(end).toISOString() };
}

const WIDTHS = { minute: MINUTE, hour: 60 * MINUTE, day: 1440 * MINUTE };

export interface Bucket {
  start_time: string | null;
  status_2xx: number;
  status_3xx: number;
  status_4xx: number;
  status_5xx: number;
}

/** Columns of a chart: the empty buckets, which a statistic leaves out, are filled in. Times are seconds. */
export function columnsOf(
  items: Bucket[],
  interval: keyof typeof WIDTHS,
  start: string,
  end: string,
): { times: number[]; answered: number[]; refused: number[]; failed: number[] } {
  const width = WIDTHS[interval];
  const found = new Map(items.map((item) => [new Date(item.start_time ?? 0).getTime(), item]));
  const first = Math.floor(new Date(start).getTime() / width) * width;
  const columns = { times: [] as number[], answered: [] as number[], refused: [] as number[], failed: [] as number[] };
  for (let time = first; time < new Date(end).getTime() && columns.times.length < 2000; time += width) {
    const item = found.get(time);
    columns.times.push(time / 1000);
    columns.answered.push((item?.status_2xx ?? 0) + (item?.status_3xx ?? 0));
    columns.refused.push(item?.status_4xx ?? 0);
    columns.failed.push(item?.status_5xx ?? 0);
  }
  return columns;
}
