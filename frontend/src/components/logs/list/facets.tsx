"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { logMessages } from "@/messages/logs";
import { conditionsOf, equals, withCondition, withoutCondition } from "../conditions";
import { endText, type LogTexts } from "./columns";
import type { LogState } from "./state";

interface Facet {
  name: string;
  values: { label: string; condition: string; count: number }[];
}

/** Frequent values and how often they are there, to choose from. Asked for when the rows are there. */
export function Facets({
  state,
  ready,
  onFilter,
}: {
  state: LogState;
  ready: boolean;
  onFilter: (filter: string) => void;
}) {
  const t = useMessages(logMessages);
  const format = useFormat();
  const [open, setOpen] = useState(false);
  const wide = useWide();
  const facets = useQuery({
    queryKey: ["logs", "facets", state.query],
    queryFn: ({ signal }) => data(api.GET("/api/admin/logs/facets", { params: { query: state.query }, signal })),
    placeholderData: keepPreviousData,
    enabled: ready && (wide || open),
    retry: false,
  });
  const chosen = new Set(conditionsOf(state.filter));
  const found = facets.data ? facetsOf(facets.data, t).filter(({ values }) => values.length > 0) : [];
  return (
    <section aria-label={t.facets} className="min-w-0">
      <Button aria-expanded={open} className="lg:hidden" onClick={() => setOpen(!open)} size="small" variant="outline">
        {t.facetsOpen}
      </Button>
      <div
        className={cn("gap-4 max-lg:mt-2 lg:grid", open ? "grid" : "hidden", facets.isPlaceholderData && "opacity-60")}
      >
        {facets.error ? <p className="text-muted-foreground text-xs">{t.facetsFailed}</p> : null}
        {!facets.data && !facets.error ? <Skeleton className="h-64" /> : null}
        {found.map((facet) => (
          <fieldset className="min-w-0" key={facet.name}>
            <legend className="mb-1 font-medium text-muted-foreground text-xs">{facet.name}</legend>
            {facet.values.map((value) => {
              const pressed = chosen.has(value.condition);
              return (
                <button
                  aria-pressed={pressed}
                  className={cn(
                    "flex min-h-7 w-full items-center gap-2 rounded-sm px-2 text-left text-xs hover:bg-accent",
                    pressed && "bg-accent font-medium",
                  )}
                  key={value.condition}
                  onClick={() =>
                    onFilter(
                      pressed
                        ? withoutCondition(state.filter, value.condition)
                        : withCondition(state.filter, value.condition),
                    )
                  }
                  title={value.label}
                  type="button"
                >
                  <span className="min-w-0 flex-1 truncate">{value.label}</span>
                  <span className="text-muted-foreground tabular-nums">{format.compact(value.count)}</span>
                </button>
              );
            })}
          </fieldset>
        ))}
        {facets.data?.sampled ? (
          <p className="text-muted-foreground text-xs">{t.facetsSampled(format.number(facets.data.counted))}</p>
        ) : null}
      </div>
    </section>
  );
}

function facetsOf(found: Schemas["LogFacets"], t: LogTexts): Facet[] {
  const named = (field: string, id: string, values: Schemas["LogFacets"]["provider"]) =>
    values.map((value) => ({
      label: value.name ?? `#${value.id}`,
      condition: value.name === null ? equals(id, value.id) : equals(field, value.name),
      count: value.count,
    }));
  return [
    {
      name: t.statusClass,
      values: found.status_class.map(({ value, count }) => ({
        label: `${value}xx`,
        condition: `status in ${value}00..${value}99`,
        count,
      })),
    },
    { name: t.provider, values: named("provider", "provider_id", found.provider) },
    {
      name: t.model,
      values: found.requested_model.map(({ value, count }) => ({
        label: value,
        condition: equals("model", value),
        count,
      })),
    },
    { name: t.key, values: named("api_key.name", "api_key.id", found.api_key) },
    {
      name: t.end,
      values: found.end_reason.map(({ value, count }) => ({
        label: endText(t, value),
        condition: equals("end_reason", value),
        count,
      })),
    },
    {
      name: t.stream,
      values: found.is_stream.map(({ value, count }) => ({
        label: value ? t.yes : t.no,
        condition: equals("stream", value),
        count,
      })),
    },
  ];
}

/** There is room for the facets beside the rows. */
function useWide(): boolean {
  const [wide, setWide] = useState(false);
  useEffect(() => {
    const query = matchMedia("(min-width: 64rem)");
    const look = () => setWide(query.matches);
    look();
    query.addEventListener("change", look);
    return () => query.removeEventListener("change", look);
  }, []);
  return wide;
}
