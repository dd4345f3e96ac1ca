// Uses both generated clients: types are checked by the compiler, behaviour against a live gateway.
import createClient from "openapi-fetch";
import { createProvider, deleteProvider, listProviders, updateProvider } from "./generated/hey-api";
import { client } from "./generated/hey-api/client.gen";
import type { components, paths } from "./generated/schema";

declare const process: { argv: string[] };
const [baseUrl, token] = process.argv.slice(2) as [string, string];

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

async function main(): Promise<void> {
  // @hey-api/openapi-ts
  client.setConfig({ baseUrl, auth: () => token });
  const created = await createProvider({
    body: { name: "typescript", protocol: "anthropic", base_url: "https://api.anthropic.com" },
  });
  check(created.data !== undefined, "created");
  const changed = await updateProvider({
    path: { provider_id: created.data.id },
    headers: { "If-Match": created.data.etag },
    body: { connect_timeout: 2.5 },
  });
  check(changed.data?.connect_timeout === 2.5 && changed.data.name === "typescript", "changed");
  const stale = await updateProvider({
    path: { provider_id: created.data.id },
    headers: { "If-Match": created.data.etag },
    body: { notes: "late" },
  });
  check(stale.error?.code === "precondition_failed", "stale");
  const listed = await listProviders({ query: { page_size: 5, search: "typescript" } });
  check(listed.data?.total === 1, "listed");

  // openapi-typescript with openapi-fetch
  const typed = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });
  const read = await typed.GET("/api/admin/providers/{provider_id}", {
    params: { path: { provider_id: created.data.id } },
  });
  const provider: components["schemas"]["Provider"] | undefined = read.data;
  check(provider?.protocol === "anthropic", "read");
  const refused = await typed.POST("/api/admin/rules/check", { body: { text: "headers.x = 1" } });
  check(refused.data?.diagnostics[0]?.severity === "error", "checked");
  // @ts-expect-error a protocol that does not exist
  const wrong: components["schemas"]["ProviderCreate"] = { name: "x", protocol: "gopher", base_url: "https://x.example" };
  check(wrong.name === "x", "wrong");

  const removed = await deleteProvider({ path: { provider_id: created.data.id } });
  check(removed.response.status === 204, "removed");
}

void main();
