"use client";

import { useQuery } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import dynamic from "next/dynamic";
import Link from "next/link";
import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { ApiError, api, data } from "@/api/client";
import { requestIdIn } from "@/components/logs/conditions";
import { Actions } from "@/components/logs/detail/actions";
import { Facts } from "@/components/logs/detail/facts";
import { Messages } from "@/components/logs/detail/messages";
import { Headers, Raw } from "@/components/logs/detail/raw";
import { Timeline } from "@/components/logs/detail/timeline";
import { verdict } from "@/components/logs/verdict";
import { statusTone } from "@/components/logs/words";
import { Button } from "@/components/ui/button";
import { PageHead } from "@/components/ui/page";
import { Badge, Card, Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { Tab, Tabs } from "@/components/ui/tabs";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { recordMessages } from "@/messages/log";

const Decision = dynamic(() => import("@/components/logs/detail/decision").then((part) => part.Decision), {
  ssr: false,
  loading: () => <Skeleton className="h-48" />,
});

const TABS = ["timeline", "decision", "messages", "raw", "headers", "usage"] as const;

export default function RecordPage() {
  const t = useMessages(recordMessages);
  const format = useFormat();
  const [wanted, setWanted] = useQueryStates({
    id: parseAsString.withDefault(""),
    tab: parseAsStringLiteral(TABS).withDefault("timeline"),
  });
  const id = requestIdIn(wanted.id) ?? "";
  const log = useQuery({
    queryKey: ["log", id],
    queryFn: () => data(api.GET("/api/admin/logs/{request_id}", { params: { path: { request_id: id } } })),
    enabled: id !== "",
    // A record is written a moment after its answer: a link from an error may be quicker.
    retry: (count, error) => count < 3 && error instanceof ApiError && (error.status === 404 || error.status === 0),
    retryDelay: 500,
    staleTime: 60_000,
  });
  const record = log.data;
  const missing = id === "" || (log.error instanceof ApiError && log.error.status === 404);
  return (
    <>
      <Button asChild className="mb-2 -ml-3" size="small" variant="ghost">
        <Link href="/logs/">
          <ArrowLeft />
          {t.back}
        </Link>
      </Button>
      <PageHead
        description={
          <span className="break-all font-mono text-xs">
            {id}
            {record ? <span className="ml-3 font-sans">{format.time(record.request_time)}</span> : null}
          </span>
        }
        title={record?.requested_model ?? t.title}
      >
        {record ? <Actions record={record} /> : null}
      </PageHead>
      {missing ? (
        <Empty title={t.notFound}>{t.notFoundHint}</Empty>
      ) : (
        <ErrorNote error={log.error} retry={log.refetch} />
      )}
      {log.isPending && !missing ? <Skeleton className="h-96" /> : null}
      {record ? (
        <div className="grid gap-4">
          <Card className="flex items-start gap-3">
            <Badge className="mt-0.5" tone={statusTone(record)}>
              {record.status}
            </Badge>
            <p className="min-w-0 break-words text-base">{verdict(record, t, format)}</p>
          </Card>
          <Tabs
            onChange={(tab) => setWanted({ tab: tab as (typeof TABS)[number] })}
            tabs={TABS.map((tab) => [tab, t[tab]])}
            value={wanted.tab}
          >
            <Tab value="timeline">
              <Timeline onDecision={() => setWanted({ tab: "decision" })} record={record} />
            </Tab>
            <Tab value="decision">
              <Decision record={record} />
            </Tab>
            <Tab value="messages">
              <Messages record={record} />
            </Tab>
            <Tab value="raw">
              <Raw record={record} />
            </Tab>
            <Tab value="headers">
              <Headers record={record} />
            </Tab>
            <Tab value="usage">
              <Facts record={record} />
            </Tab>
          </Tabs>
        </div>
      ) : null}
    </>
  );
}
