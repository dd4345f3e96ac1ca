import { expect, it } from "vitest";
import { boundsOf, columnsOf, timesOf } from "./range";

const NOW = Date.parse("2026-11-24T10:30:00Z");

it("presets reach back from a moment and stay open", () => {
  expect(timesOf("1h", "", "", NOW)).toEqual({ start_time: "2026-11-24T09:30:00.000Z" });
  expect(timesOf("all", "x", "y", NOW)).toEqual({});
  expect(timesOf("custom", "2026-11-24T00:00:00.000Z", "", NOW)).toEqual({
    start_time: "2026-11-24T00:00:00.000Z",
    end_time: undefined,
  });
});

it("statistics have both ends, in their order", () => {
  expect(boundsOf({}, NOW).start_time).toBe("2026-08-26T10:30:00.001Z");
  const bounds = boundsOf({ start_time: "2027-01-01T00:00:00Z" }, NOW);
  expect(bounds.start_time < bounds.end_time).toBe(true);
});

it("empty buckets are columns too", () => {
  const item = { start_time: "2026-11-24T09:00:00Z", status_2xx: 3, status_3xx: 1, status_4xx: 2, status_5xx: 0 };
  const columns = columnsOf([item], "hour", "2026-11-24T08:10:00Z", "2026-11-24T10:30:00Z");
  expect(columns.times).toHaveLength(3);
  expect(columns.answered).toEqual([0, 4, 0]);
  expect(columns.refused).toEqual([0, 2, 0]);
});
