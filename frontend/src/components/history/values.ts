/** What a change is, seen from a reader: pure, so that it can be tested without a browser. */

import type { Schemas } from "@/api/client";

type Revision = Schemas["Revision"];

export const RESOURCES = [
  "provider",
  "model",
  "target",
  "api_key",
  "named_list",
  "rule_test",
  "admin_token",
  "admin_user",
] as const;
export type Resource = (typeof RESOURCES)[number];

export const ACTIONS = ["create", "update", "delete", "reorder", "rotate", "disable", "enable", "expire"] as const;

export function isOneOf<const T extends readonly string[]>(all: T, text: string): text is T[number] {
  return all.includes(text);
}

/** Where the thing that was changed can be seen; null where it has no page, or is gone. */
export function placeOf({ resource, resource_id, resource_name, action }: Revision): string | null {
  if (action === "delete" && resource !== "target" && resource !== "rule_test") return null;
  const name = encodeURIComponent(resource_name);
  switch (resource) {
    case "provider":
      return `/providers/?open=${resource_id}`;
    case "model":
      return `/models/view/?name=${name}`;
    case "target":
      return `/models/view/?name=${name}`;
    case "rule_test":
      return `/models/view/?name=${name}&tab=tests`;
    case "api_key":
      return `/keys/?search=${name}`;
    case "named_list":
      return `/settings/?tab=lists&list=${name}`;
    case "admin_token":
      return "/settings/?tab=tokens";
    case "admin_user":
      return "/settings/?tab=account";
    default:
      return null;
  }
}

/** How a value is written. */
export type Shown =
  | { kind: "nothing" }
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "flag"; on: boolean }
  | { kind: "time"; iso: string }
  | { kind: "secret" };

/** What stands for a secret. */
const SECRET = "(changed)";

const CODE = new Set(["rule", "headers", "request", "expect", "labels"]);
const TIMES = new Set(["expires_at", "previous_valid_until"]);

export function shown(field: string, value: unknown): Shown {
  if (value === null || value === undefined || value === "") return { kind: "nothing" };
  if (Array.isArray(value) && value.length === 0) return { kind: "nothing" };
  if (value === SECRET) return { kind: "secret" };
  if (typeof value === "boolean") return { kind: "flag", on: value };
  if (TIMES.has(field) && typeof value === "string") return { kind: "time", iso: value };
  if (isList(value)) return { kind: "text", text: value.join(", ") };
  if (typeof value === "object") {
    return Object.keys(value).length === 0
      ? { kind: "nothing" }
      : { kind: "code", text: JSON.stringify(value, null, 2) };
  }
  return { kind: CODE.has(field) ? "code" : "text", text: String(value) };
}

function isList(value: unknown): value is (string | number)[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string" || typeof item === "number");
}

/** Two lists of words compared; null where that says nothing, as for an order. */
export function compared(before: unknown, after: unknown): { added: string[]; removed: string[] } | null {
  if (!isList(before ?? []) || !isList(after ?? []) || (before === null && after === null)) return null;
  const old = ((before ?? []) as (string | number)[]).map(String);
  const now = ((after ?? []) as (string | number)[]).map(String);
  const added = now.filter((item) => !old.includes(item));
  const removed = old.filter((item) => !now.includes(item));
  return added.length === 0 && removed.length === 0 ? null : { added, removed };
}

/** Fields worth showing: of what was made or deleted those with a value. */
export function fieldsOf({ changes }: Revision): [string, Schemas["FieldChange"]][] {
  return Object.entries(changes).filter(
    ([field, { old, new: now }]) => shown(field, old).kind !== "nothing" || shown(field, now).kind !== "nothing",
  );
}

/** Why a change can't be taken back, where that is known without asking. */
export function hindrance({ resource, action, changes }: Revision): "cannotSecret" | "cannotUser" | null {
  if (resource === "admin_user" || resource === "admin_token") return "cannotUser";
  const lost = Object.values(changes).some(({ old }) => old === SECRET);
  return action !== "create" && lost ? "cannotSecret" : null;
}
