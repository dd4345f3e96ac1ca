/** The admin API, typed by its OpenAPI document. The session is a cookie that scripts cannot read. */

import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type FieldProblem = Schemas["FieldProblem"];

/** A request that was refused, as the API explains it (RFC 9457), or that never arrived (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly faults: FieldProblem[] = [],
    readonly requestId?: string,
  ) {
    super(message);
  }
}

const explain: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    const problem = (await response
      .clone()
      .json()
      .catch(() => null)) as Schemas["Problem"] | null;
    throw new ApiError(
      response.status,
      problem?.code ?? "unknown",
      problem?.detail ?? `${response.status} ${response.statusText}`,
      Array.isArray(problem?.errors) ? problem.errors : [],
      problem?.request_id,
    );
  },
  onError({ error }) {
    return new ApiError(0, "unreachable", error instanceof Error ? error.message : String(error));
  },
};

export const api = createClient<paths>({ baseUrl: "" });
api.use(explain);

/** What the call answered. Refusals have been thrown by then. */
export async function data<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}
