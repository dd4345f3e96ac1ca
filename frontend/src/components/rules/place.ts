/** Where a rule stands: reading it, trying a draft of it, and storing it. */

import { useQuery } from "@tanstack/react-query";
import { ApiError, api, data, type Schemas } from "@/api/client";

export type Place = { kind: "model" } | { kind: "target"; id: number };

export interface Stored {
  text: string;
  etag: string;
}

/** The model; other pages keep it under the same key. */
export function useModel(name: string) {
  return useQuery({
    queryKey: ["models", "one", name],
    queryFn: () => data(api.GET("/api/admin/models/{model}", { params: { path: { model: name } } })),
    enabled: name !== "",
  });
}

export function storedIn(model: Schemas["Model"], place: Place): Stored | null {
  if (place.kind === "model") return { text: model.rule, etag: model.etag };
  const target = model.targets.find((one) => one.id === place.id);
  return target ? { text: target.rule, etag: target.etag } : null;
}

/** Names targets: by their provider, and by their model too where the provider is there twice. */
export function namesOf(targets: { id: number; provider: string; target_model: string }[]): Map<number, string> {
  const twice = (provider: string) => targets.filter((other) => other.provider === provider).length > 1;
  return new Map(
    targets.map(({ id, provider, target_model }) => [id, twice(provider) ? `${provider}/${target_model}` : provider]),
  );
}

export function draftOf(place: Place, text: string): { rule: string } | { targets: { id: number; rule: string }[] } {
  return place.kind === "model" ? { rule: text } : { targets: [{ id: place.id, rule: text }] };
}

/** Stores the rule unless it was changed since `etag`; its new version. */
export async function store(model: string, place: Place, text: string, etag: string): Promise<Stored> {
  const header = { "If-Match": etag };
  const body = { rule: text };
  const saved =
    place.kind === "model"
      ? await data(api.PATCH("/api/admin/models/{model}", { params: { path: { model }, header }, body }))
      : await data(
          api.PATCH("/api/admin/models/{model}/targets/{target_id}", {
            params: { path: { model, target_id: place.id }, header },
            body,
          }),
        );
  return { text: saved.rule, etag: saved.etag };
}

/** The rule as it is stored now. */
export async function fetchStored(model: string, place: Place): Promise<Stored | null> {
  return storedIn(await data(api.GET("/api/admin/models/{model}", { params: { path: { model } } })), place);
}

export function isStatus(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}
