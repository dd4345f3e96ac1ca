import { expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { compared, fieldsOf, hindrance, placeOf, shown } from "./values";

const revision = (part: Partial<Schemas["Revision"]>): Schemas["Revision"] => ({
  id: 1,
  at: "2026-01-01T00:00:00Z",
  actor_kind: "session",
  actor_name: "admin",
  action: "update",
  resource: "model",
  resource_id: 7,
  resource_name: "meta-llama/Llama 3",
  changes: {},
  ...part,
});

test("the place of a change is a page of ours, whatever the name", () => {
  expect(placeOf(revision({}))).toBe("/models/view/?name=meta-llama%2FLlama%203");
  expect(placeOf(revision({ resource_name: "javascript:alert(1)" }))).toBe("/models/view/?name=javascript%3Aalert(1)");
  expect(placeOf(revision({ action: "delete" }))).toBeNull();
  expect(placeOf(revision({ action: "delete", resource: "target" }))).not.toBeNull();
  expect(placeOf(revision({ resource: "something new" }))).toBeNull();
});

test("values are shown by what they are", () => {
  expect(shown("rule", "")).toEqual({ kind: "nothing" });
  expect(shown("rule", "stream")).toEqual({ kind: "code", text: "stream" });
  expect(shown("is_active", false)).toEqual({ kind: "flag", on: false });
  expect(shown("credential", "(changed)")).toEqual({ kind: "secret" });
  expect(shown("weight", 0)).toEqual({ kind: "text", text: "0" });
  expect(shown("final_statuses", [400, 422])).toEqual({ kind: "text", text: "400, 422" });
  expect(shown("headers", {})).toEqual({ kind: "nothing" });
  expect(shown("headers", { a: "b" })).toEqual({ kind: "code", text: '{\n  "a": "b"\n}' });
  expect(shown("expires_at", "2026-01-01T00:00:00Z")).toEqual({ kind: "time", iso: "2026-01-01T00:00:00Z" });
});

test("of lists it is told what came and what went", () => {
  expect(compared(["a", "b"], ["b", "c"])).toEqual({ added: ["c"], removed: ["a"] });
  expect(compared(null, ["a"])).toEqual({ added: ["a"], removed: [] });
  expect(compared([1, 2], [2, 1])).toBeNull();
  expect(compared("a", "b")).toBeNull();
  expect(compared(null, null)).toBeNull();
});

test("empty fields of what was made are left out", () => {
  const made = revision({
    action: "create",
    changes: { name: { old: null, new: "a" }, notes: { old: null, new: "" }, is_active: { old: null, new: true } },
  });
  expect(fieldsOf(made).map(([field]) => field)).toEqual(["name", "is_active"]);
});

test("secrets that are gone can't come back", () => {
  const secret = { key_hash: { old: "(changed)", new: null } };
  expect(hindrance(revision({ resource: "api_key", action: "delete", changes: secret }))).toBe("cannotSecret");
  expect(hindrance(revision({ resource: "api_key", changes: { name: { old: "a", new: "b" } } }))).toBeNull();
  const made = { key_hash: { old: null, new: "(changed)" } };
  expect(hindrance(revision({ resource: "api_key", action: "create", changes: made }))).toBeNull();
  expect(hindrance(revision({ resource: "admin_user" }))).toBe("cannotUser");
});
