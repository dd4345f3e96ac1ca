"use client";

import { useQuery } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Code } from "@/components/ui/copy";
import { Empty, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { logMessages } from "@/messages/logs";
import { conditionsOf, withoutCondition } from "../conditions";
import type { LogState } from "./state";

/** No rows: there is nothing yet, or the filter and the time leave nothing. */
export function NoLogs({ state }: { state: LogState }) {
  const t = useMessages(logMessages);
  const any = useQuery({
    queryKey: ["logs", "any"],
    queryFn: () => data(api.GET("/api/admin/logs", { params: { query: { page_size: 1 } } })),
    staleTime: 0,
  });
  const models = useQuery({
    queryKey: ["models", "first"],
    queryFn: () => data(api.GET("/api/admin/models", { params: { query: { page_size: 1, is_active: true } } })),
    enabled: any.data?.items.length === 0,
  });
  if (any.isPending) return <Skeleton className="h-40" />;
  if (any.data?.items.length === 0) {
    return (
      <Empty title={t.empty}>
        <p className="mb-3">{t.emptyHint}</p>
        <Code className="text-left" text={curl(models.data?.items[0]?.name ?? "MODEL")} />
      </Empty>
    );
  }
  const conditions = conditionsOf(state.filter);
  return (
    <Empty
      action={
        <div className="flex flex-wrap justify-center gap-2">
          {conditions.map((condition) => (
            <Button
              className="max-w-full"
              key={condition}
              onClick={() => state.change({ filter: withoutCondition(state.filter, condition) })}
              size="small"
              variant="outline"
            >
              <span className="truncate">{t.without(condition)}</span>
            </Button>
          ))}
          {state.range !== "all" ? (
            <Button onClick={() => state.change({ range: "all", from: "", to: "" })} size="small" variant="outline">
              {t.anyTime}
            </Button>
          ) : null}
          {conditions.length > 1 ? (
            <Button onClick={() => state.change({ filter: "", range: "all", from: "", to: "" })} size="small">
              {t.relax}
            </Button>
          ) : null}
        </div>
      }
      title={t.noMatch}
    >
      {t.noMatchHint}
    </Empty>
  );
}

function curl(model: string): string {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }).replaceAll("'", "'\\''");
  return `curl ${window.location.origin}/v1/chat/completions \\\n  -H "authorization: Bearer $GATEWAY_KEY" \\\n  -H 'content-type: application/json' \\\n  -d '${body}'`;
}
