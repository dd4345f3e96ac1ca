/** What the pages of models read, each under one key; writing refreshes all of it. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { api, data, type Schemas } from "@/api/client";
import type { Defaults } from "./story";

export type Model = Schemas["Model"];
export type Target = Schemas["Target"];
export type Provider = Schemas["Provider"];

export const modelKey = (name: string) => ["models", "one", name];

export const viewPath = (name: string) => `/models/view/?name=${encodeURIComponent(name)}`;

export function rulePath(model: string, target?: number | null): string {
  const place = target ? `&target=${target}` : "";
  return `/rules/?model=${encodeURIComponent(model)}${place}`;
}

/** All providers by number; none until they are known. */
export function useProviders(): { providers: Map<number, Provider>; known: boolean } {
  const found = useQuery({
    queryKey: ["providers", "all"],
    queryFn: () =>
      data(api.GET("/api/admin/providers", { params: { query: { page_size: 200, sort: "name" as const } } })),
  });
  const items = found.data?.items;
  return useMemo(
    () => ({ providers: new Map(items?.map((provider) => [provider.id, provider])), known: items !== undefined }),
    [items],
  );
}

/** The settings of the gateway that hold where a model has none of its own. */
export function useDefaults(): Defaults | null {
  const system = useQuery({
    queryKey: ["system"],
    queryFn: () => data(api.GET("/api/admin/system")),
    staleTime: 60_000,
  });
  const settings = system.data?.settings;
  return useMemo(() => {
    if (!settings) return null;
    const value = (name: string) => Number(settings.find((setting) => setting.name === name)?.value ?? 0);
    return {
      attempts: value("RETRY_MAX_ATTEMPTS"),
      delayMs: value("RETRY_DELAY_MS"),
      maxDelayMs: value("RETRY_MAX_DELAY_MS"),
      attemptsTotal: value("MAX_ATTEMPTS_TOTAL"),
    };
  }, [settings]);
}

/** Requests and failures of the last 24 hours by model. */
export function useTraffic() {
  const stats = useQuery({
    queryKey: ["stats", "models"],
    queryFn: () => data(api.GET("/api/admin/stats", { params: { query: { group_by: "model" } } })),
  });
  return { known: stats.data !== undefined, of: new Map(stats.data?.items.map((group) => [group.name, group])) };
}

/** A rule in plain words. */
export function useWords(rule: string): string | null {
  const reading = useQuery({
    queryKey: ["rules", "words", rule],
    queryFn: () => data(api.POST("/api/admin/rules/check", { body: { text: rule } })),
    enabled: rule.trim() !== "",
    staleTime: Number.POSITIVE_INFINITY,
  });
  return reading.data?.words ?? null;
}

export function useAnalysis(model: Model, enabled = true) {
  return useQuery({
    queryKey: ["rules", "analyse", model.name, model.etag],
    queryFn: ({ signal }) => data(api.POST("/api/admin/rules/analyse", { body: { model: model.name }, signal })),
    enabled,
    staleTime: 60_000,
  });
}

/** To be called after a model or its targets were written; with the name of a model that is gone, which is not asked for again. */
export function useRefresh() {
  const client = useQueryClient();
  return useCallback(
    (gone?: string) =>
      client.invalidateQueries({
        predicate: ({ queryKey }) =>
          (queryKey[0] === "models" || queryKey[0] === "rule-tests") &&
          (gone === undefined || queryKey.at(-1) !== gone),
      }),
    [client],
  );
}
