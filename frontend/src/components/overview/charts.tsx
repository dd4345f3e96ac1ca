"use client";

import { useMemo } from "react";
import type { Schemas } from "@/api/client";
import { Chart } from "@/components/chart/chart";
import type { ChartProps } from "@/components/chart/plot";
import { Card } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { overviewMessages } from "@/messages/overview";
import { columnsOf, type Lines } from "./values";

/** Requests, durations and tokens over time. */
export function Charts({ buckets }: { buckets: Schemas["OverviewBucket"][] }) {
  const t = useMessages(overviewMessages);
  const format = useFormat();
  const { times, status, total, delay, tokens } = useMemo(() => {
    const columns = columnsOf(buckets);
    const status: ChartProps["series"] = [{ name: t.status_2xx, values: columns.status_2xx, colour: 1 }];
    // There are hardly ever any.
    if (columns.status_3xx.some(Boolean)) status.push({ name: t.status_3xx, values: columns.status_3xx, colour: 2 });
    status.push({ name: t.status_4xx, values: columns.status_4xx, colour: 3 });
    status.push({ name: t.status_5xx, values: columns.status_5xx, colour: 4 });
    const lines = (found: Lines): ChartProps["series"] => [
      { name: t.p50, values: found.p50, colour: 2 },
      { name: t.p95, values: found.p95, colour: 1 },
      { name: t.p99, values: found.p99, colour: 3 },
    ];
    const tokens: ChartProps["series"] = [
      { name: t.input, values: columns.input, colour: 1 },
      { name: t.output, values: columns.output, colour: 2 },
    ];
    return { times: columns.times, status, total: lines(columns.total), delay: lines(columns.delay), tokens };
  }, [buckets, t]);
  return (
    <div className="grid gap-3 lg:grid-cols-2">
      <Panel title={t.byStatus}>
        <Chart label={t.byStatusLabel} series={status} stacked times={times} write={format.compact} />
      </Panel>
      <Panel title={t.tokens}>
        <Chart label={t.tokensLabel} series={tokens} stacked times={times} write={format.compact} />
      </Panel>
      <Panel title={t.delay}>
        <Chart label={t.delayLabel} series={delay} times={times} write={format.duration} />
      </Panel>
      <Panel title={t.totalTime}>
        <Chart label={t.totalTimeLabel} series={total} times={times} write={format.duration} />
      </Panel>
    </div>
  );
}

/** As high as its chart will be. */
function Panel({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Card className="min-h-[17rem] min-w-0">
      <h2 className="mb-2 font-medium">{title}</h2>
      {children}
    </Card>
  );
}
