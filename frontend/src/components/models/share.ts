/** How the requests of the last 24 hours were spread over the targets of a model. */

import { useQueries } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import type { Model, Target } from "./queries";

/** What tells the targets apart in statistics, with one question for all; null: each has to be asked for. */
export function tellsApart(
  targets: Pick<Target, "provider_id" | "target_model">[],
): "target_model" | "provider" | null {
  const distinct = (values: unknown[]) => new Set(values).size === values.length;
  if (distinct(targets.map((target) => target.provider_id))) return "provider";
  return distinct(targets.map((target) => target.target_model)) ? "target_model" : null;
}

/** Requests by target: answered by it, or tried there last. Null until known. */
export function useSpread(model: Model): Map<number, number> | null {
  const by = tellsApart(model.targets);
  const asked = by ? [{}] : model.targets.map(({ provider_id, target_model }) => ({ provider_id, target_model }));
  return useQueries({
    queries: asked.map((filter) => {
      const query = { requested_model: model.name, group_by: by ?? ("model" as const), ...filter };
      return {
        queryKey: ["stats", "spread", query],
        queryFn: () => data(api.GET("/api/admin/stats", { params: { query } })),
      };
    }),
    combine: (answers) => {
      if (answers.some((answer) => !answer.data)) return null;
      const groups = answers[0]?.data?.items ?? [];
      return new Map(
        model.targets.map((target, place) => {
          const group = groups.find((one) =>
            by === "provider" ? one.id === target.provider_id : one.name === target.target_model,
          );
          return [target.id, by ? (group?.requests ?? 0) : (answers[place]?.data?.total.requests ?? 0)];
        }),
      );
    },
  });
}
