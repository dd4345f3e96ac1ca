"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { api, data } from "@/api/client";
import { Chart } from "@/components/chart/chart";
import { Card, ErrorNote, Skeleton } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { logMessages } from "@/messages/logs";
import { columnsOf } from "../range";
import type { LogState } from "./state";

/** When the requests came that match, by status; dragging over it narrows the time. Asked for when the rows are there. */
export function Histogram({ state, ready }: { state: LogState; ready: boolean }) {
  const t = useMessages(logMessages);
  const format = useFormat();
  const query = { ...state.query, ...state.bounds, group_by: "time" as const };
  const stats = useQuery({
    queryKey: ["stats", "logs", query],
    queryFn: ({ signal }) => data(api.GET("/api/admin/stats", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    enabled: ready,
    retry: false,
  });
  const found = stats.data;
  const columns = useMemo(
    () => (found ? columnsOf(found.items, found.interval, found.start_time, found.end_time) : null),
    [found],
  );
  const series = useMemo(
    () =>
      columns && [
        { name: t.ok, values: columns.answered, colour: 1 as const },
        { name: t.refused, values: columns.refused, colour: 3 as const },
        { name: t.failed, values: columns.failed, colour: 4 as const },
      ],
    [columns, t],
  );
  const { change } = state;
  const onRange = useCallback(
    (from: number, to: number) => {
      const moment = (seconds: number) => new Date(Math.round(seconds * 1000)).toISOString();
      change({ range: "custom", from: moment(from), to: moment(to) });
    },
    [change],
  );
  if (stats.error) return <ErrorNote className="mb-3" error={stats.error} />;
  if (!columns || !series) return <Skeleton className="mb-3 h-[180px]" />;
  return (
    <Card
      className={cn(
        "relative mb-3 h-[180px] overflow-hidden px-3 py-2",
        (stats.isPlaceholderData || !ready) && "opacity-60",
      )}
    >
      <Chart
        height={140}
        label={t.chart}
        onRange={onRange}
        series={series}
        stacked
        times={columns.times}
        write={format.compact}
      />
    </Card>
  );
}
