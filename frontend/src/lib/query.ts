import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/client";

/** The query whose answer says who is logged in. */
export const SESSION = ["session"];

/** Answers are kept while a page is open; refusals are final, an unreachable gateway is asked again. */
export function makeQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        // A session that has ended is found out by whatever asks first.
        const expired = error instanceof ApiError && error.status === 401;
        if (expired && query.queryKey[0] !== SESSION[0]) void client.invalidateQueries({ queryKey: SESSION });
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      },
    },
  });
  return client;
}
