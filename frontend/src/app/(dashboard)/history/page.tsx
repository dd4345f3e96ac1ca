"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { parseAsInteger, parseAsString, useQueryStates } from "nuqs";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Entry } from "@/components/history/entry";
import { Revert } from "@/components/history/revert";
import { isOneOf, RESOURCES } from "@/components/history/values";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { PageHead } from "@/components/ui/page";
import { Pager } from "@/components/ui/pager";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { historyMessages } from "@/messages/history";

const PAGE_SIZE = 20;

export default function HistoryPage() {
  const t = useMessages(historyMessages);
  const [reverting, setReverting] = useState<Schemas["Revision"] | null>(null);
  const [wanted, setWanted] = useQueryStates({
    resource: parseAsString.withDefault(""),
    resource_id: parseAsInteger,
    resource_name: parseAsString.withDefault(""),
    open: parseAsInteger,
    page: parseAsInteger.withDefault(1),
  });
  const query = {
    resource: wanted.resource || undefined,
    resource_id: wanted.resource_id ?? undefined,
    resource_name: wanted.resource_name || undefined,
    page: wanted.page,
    page_size: PAGE_SIZE,
  };
  const revisions = useQuery({
    queryKey: ["revisions", query],
    queryFn: () => data(api.GET("/api/admin/revisions", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const one = wanted.resource_id !== null || wanted.resource_name !== "";
  const relax = () => setWanted({ resource: null, resource_id: null, resource_name: null, open: null, page: null });
  const name = wanted.resource_name || revisions.data?.items[0]?.resource_name || String(wanted.resource_id ?? "");
  return (
    <>
      <PageHead description={t.about} title={t.title} />
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <Select
          aria-label={t.resource}
          className="w-auto"
          onChange={(event) =>
            setWanted({
              resource: event.target.value || null,
              resource_id: null,
              resource_name: null,
              open: null,
              page: null,
            })
          }
          value={wanted.resource}
        >
          <option value="">{t.all}</option>
          {RESOURCES.map((resource) => (
            <option key={resource} value={resource}>
              {t[`of_${resource}`]}
            </option>
          ))}
          {wanted.resource && !isOneOf(RESOURCES, wanted.resource) ? <option>{wanted.resource}</option> : null}
        </Select>
        {one ? (
          <Button className="min-w-0 max-w-full" onClick={relax} size="small" variant="outline">
            <span className="truncate">{t.onlyName(name)}</span>
            <X aria-hidden />
            <span className="sr-only">{t.everything}</span>
          </Button>
        ) : null}
      </div>
      <ErrorNote error={revisions.error} retry={() => revisions.refetch()} />
      {revisions.isPending ? <Skeleton className="h-96" /> : null}
      {revisions.data && revisions.data.items.length > 0 ? (
        <div className={revisions.isPlaceholderData ? "opacity-60" : undefined}>
          <ol className="grid gap-3">
            {revisions.data.items.map((revision) => (
              <Entry
                key={revision.id}
                onOnly={() =>
                  setWanted({
                    resource: revision.resource,
                    resource_id: revision.resource_id,
                    resource_name: revision.resource_id === null ? revision.resource_name : null,
                    open: null,
                    page: null,
                  })
                }
                onRevert={() => setReverting(revision)}
                onToggle={(open) => {
                  if (open || wanted.open === revision.id) setWanted({ open: open ? revision.id : null });
                }}
                open={wanted.open === revision.id}
                revision={revision}
              />
            ))}
          </ol>
          <Pager
            onPage={(page) => setWanted({ page, open: null })}
            page={wanted.page}
            pageSize={PAGE_SIZE}
            total={revisions.data.total}
          />
        </div>
      ) : null}
      {revisions.data?.items.length === 0 ? (
        one || wanted.resource ? (
          <Empty
            action={
              <Button onClick={relax} variant="outline">
                {t.everything}
              </Button>
            }
            title={t.noMatch}
          />
        ) : (
          <Empty title={t.empty}>{t.emptyHint}</Empty>
        )
      ) : null}
      {reverting ? <Revert onClose={() => setReverting(null)} revision={reverting} /> : null}
    </>
  );
}
