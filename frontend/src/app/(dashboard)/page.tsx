"use client";

import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { parseAsStringLiteral, useQueryState } from "nuqs";
import { api, data, type Schemas } from "@/api/client";
import { Charts } from "@/components/overview/charts";
import { Checklist } from "@/components/overview/checklist";
import { Figures } from "@/components/overview/figures";
import { Health } from "@/components/overview/health";
import { ProviderStrip } from "@/components/overview/provider-strip";
import { RecentChanges } from "@/components/overview/recent-changes";
import { TopList } from "@/components/overview/top-list";
import { RANGES, type Range } from "@/components/overview/values";
import { Select } from "@/components/ui/field";
import { PageHead } from "@/components/ui/page";
import { ErrorNote, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { overviewMessages } from "@/messages/overview";

const POLL = 15_000;
/** While the first call is being waited for. */
const SOON = 2000;
const EVER = ["logs", "ever"];

export default function OverviewPage() {
  const t = useMessages(overviewMessages);
  const [range, setRange] = useQueryState("range", parseAsStringLiteral(RANGES).withDefault("24h"));
  const client = useQueryClient();
  const overview = useQuery({
    queryKey: ["stats", "overview", range],
    queryFn: () => data(api.GET("/api/admin/stats/overview", { params: { query: { range } } })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => {
      const never = client.getQueryData<Schemas["LogPage"]>(EVER)?.items.length === 0;
      return never && state.data && quiet(state.data) ? SOON : POLL;
    },
  });
  const idle = overview.data !== undefined && quiet(overview.data);
  // No call in this range: was there ever one?
  const ever = useQuery({
    queryKey: EVER,
    queryFn: () => data(api.GET("/api/admin/logs", { params: { query: { page_size: 1 } } })),
    enabled: idle,
  });
  const first = idle && ever.data?.items.length === 0;
  const system = useQuery({
    queryKey: ["system"],
    queryFn: () => data(api.GET("/api/admin/system")),
    refetchInterval: first ? SOON : POLL,
  });
  const revisions = useQuery({
    queryKey: ["revisions", "latest"],
    queryFn: () => data(api.GET("/api/admin/revisions", { params: { query: { page_size: 6 } } })),
    refetchInterval: POLL,
  });
  const pending = overview.isPending || (idle && ever.isPending);
  return (
    <>
      <PageHead title={t.title}>
        {first ? null : (
          <Select
            aria-label={t.range}
            className="w-auto"
            onChange={(event) => setRange(event.target.value as Range)}
            value={range}
          >
            {RANGES.map((each) => (
              <option key={each} value={each}>
                {t[each]}
              </option>
            ))}
          </Select>
        )}
      </PageHead>
      <ErrorNote className="mb-4" error={system.error} retry={() => system.refetch()} />
      {system.data ? <Health system={system.data} /> : <Skeleton className="mb-4 h-5" />}
      <ErrorNote className="mb-4" error={overview.error} retry={() => overview.refetch()} />
      {pending ? <Skeleton className="h-[44rem]" /> : null}
      {first ? <Checklist keys={system.data?.configuration.api_keys ?? 0} /> : null}
      {overview.data && !first && !pending ? (
        <div className={overview.isPlaceholderData ? "grid gap-3 opacity-60" : "grid gap-3"}>
          <Figures overview={overview.data} />
          <Charts buckets={overview.data.buckets} />
          <ProviderStrip providers={overview.data.providers} />
          <div className="grid gap-3 lg:grid-cols-2">
            <TopList
              items={overview.data.api_keys}
              link={({ id }) => (id === null ? null : `/logs/?range=${range}&api_key_id=${id}`)}
              title={t.topKeys}
            />
            <TopList
              items={overview.data.models}
              link={({ name }) =>
                name === null ? null : `/logs/?range=${range}&requested_model=${encodeURIComponent(name)}`
              }
              title={t.topModels}
            />
          </div>
          <ErrorNote error={revisions.error} retry={() => revisions.refetch()} />
          {revisions.data ? <RecentChanges revisions={revisions.data.items} /> : null}
        </div>
      ) : null}
    </>
  );
}

function quiet({ total, before }: { total: { requests: number }; before: { requests: number } }): boolean {
  return total.requests === 0 && before.requests === 0;
}
