import { expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { changeOf, share, troublesOf } from "./values";

test("a change is a share of what was before; from nothing there is none", () => {
  expect(changeOf(125, 100)).toBe(0.25);
  expect(changeOf(0, 4)).toBe(-1);
  expect(changeOf(3, 0)).toBeNull();
});

test("without requests nothing has failed", () => {
  expect(share(0, 0)).toBe(0);
  expect(share(1, 4)).toBe(0.25);
});

const well = {
  configuration: { fresh: true, problems: [] as string[] },
  log: { failing: false, dropped: 0, bodies_dropped: 0, queued: 12 },
};

test("a gateway that is well has no troubles", () => {
  expect(troublesOf(well as unknown as Schemas["System"])).toEqual([]);
});

test("each trouble is told", () => {
  const ill = {
    configuration: { fresh: false, problems: ["model `a`: no target"] },
    log: { failing: true, dropped: 3, bodies_dropped: 2, queued: 5000 },
  };
  expect(troublesOf(ill as unknown as Schemas["System"])).toEqual([
    { kind: "stale" },
    { kind: "logFailing" },
    { kind: "logDropped", count: 3 },
    { kind: "bodiesDropped", count: 2 },
    { kind: "logQueued", count: 5000 },
    { kind: "problem", text: "model `a`: no target" },
  ]);
});
