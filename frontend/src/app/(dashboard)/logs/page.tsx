"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Radio } from "lucide-react";
import { ApiError, api, data } from "@/api/client";
import { differs, equals, withCondition } from "@/components/logs/conditions";
import { ColumnMenu, useColumns } from "@/components/logs/list/column-menu";
import type { Picked } from "@/components/logs/list/columns";
import { NoLogs } from "@/components/logs/list/empty";
import { Facets } from "@/components/logs/list/facets";
import { Histogram } from "@/components/logs/list/histogram";
import { Live } from "@/components/logs/list/live";
import { LogTable } from "@/components/logs/list/log-table";
import { Paging, Total } from "@/components/logs/list/paging";
import { useLogState } from "@/components/logs/list/state";
import { Toolbar } from "@/components/logs/list/toolbar";
import { Button } from "@/components/ui/button";
import { PageHead } from "@/components/ui/page";
import { ErrorNote, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { logMessages } from "@/messages/logs";

export default function LogsPage() {
  const t = useMessages(logMessages);
  const state = useLogState();
  const [visible, setVisible] = useColumns();
  const query = {
    ...state.query,
    sort: state.sort,
    page_size: Number(state.size),
    cursor: state.pages.at(-1),
  };
  const logs = useQuery({
    queryKey: ["logs", query],
    queryFn: ({ signal }) => data(api.GET("/api/admin/logs", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    enabled: !state.live && !state.pending,
    // Whoever looks at an empty log has sent a first request, or is about to.
    refetchInterval: ({ state: { data } }) => (data?.items.length === 0 && !state.filter ? 2000 : false),
  });
  const onCondition = ({ field, value }: Picked, wanted: boolean) =>
    state.change({ filter: withCondition(state.filter, wanted ? equals(field, value) : differs(field, value)) });
  const onFilter = (filter: string) => state.change({ filter });
  // The filter's own faults stand under it.
  const inFilter = logs.error instanceof ApiError && logs.error.faults.some(({ pointer }) => pointer === "/filter");
  const items = logs.data?.items ?? [];
  // The rows come first: counting goes over many more of them.
  const ready = logs.isSuccess && !logs.isPlaceholderData;
  const nothing = logs.data?.items.length === 0 && !logs.error;
  const alone = nothing || inFilter;
  return (
    <>
      <PageHead description={t.about} title={t.title}>
        <Button
          aria-pressed={state.live}
          onClick={() => state.change({ live: !state.live })}
          variant={state.live ? "primary" : "outline"}
        >
          <Radio />
          {state.live ? t.liveStop : t.live}
        </Button>
      </PageHead>
      <Toolbar refused={inFilter} state={state}>
        <ColumnMenu onChange={setVisible} visible={visible} />
        {state.live ? null : <Total total={logs.error ? undefined : logs.data?.total} />}
      </Toolbar>
      {state.live ? (
        <Live filter={state.filter} onCondition={onCondition} visible={visible} />
      ) : (
        <>
          {inFilter ? null : <Histogram ready={ready} state={state} />}
          <div className={cn("grid gap-4", !alone && "lg:grid-cols-[11rem_minmax(0,1fr)]")}>
            {alone ? null : <Facets onFilter={onFilter} ready={ready} state={state} />}
            <div className="min-w-0">
              {inFilter ? null : <ErrorNote error={logs.error} retry={() => logs.refetch()} />}
              {logs.isPending && !logs.error ? <Skeleton className="h-96" /> : null}
              {items.length > 0 && !logs.error ? (
                <div className={logs.isPlaceholderData ? "opacity-60" : undefined}>
                  <LogTable logs={items} onCondition={onCondition} visible={visible} />
                  <Paging next={logs.data?.next_cursor ?? null} state={state} />
                </div>
              ) : null}
              {nothing ? <NoLogs state={state} /> : null}
            </div>
          </div>
        </>
      )}
    </>
  );
}
