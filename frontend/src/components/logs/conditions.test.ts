import { describe, expect, it } from "vitest";
import {
  conditionsOf,
  differs,
  equals,
  filterOfParameters,
  requestIdIn,
  withCondition,
  withoutCondition,
} from "./conditions";

describe("conditions of a filter", () => {
  it("are what stands between the outermost ands", () => {
    expect(conditionsOf('status >= 500 and (model == "a and b" or stream) && not has_error')).toEqual([
      "status >= 500",
      '(model == "a and b" or stream)',
      "not has_error",
    ]);
    expect(conditionsOf("")).toEqual([]);
  });

  it("are one where an or, or a comment, holds them together", () => {
    expect(conditionsOf("stream or has_error and status == 3")).toHaveLength(1);
    expect(conditionsOf("stream # and so on\nand has_error")).toHaveLength(1);
  });

  it("are joined and taken away", () => {
    expect(withCondition("", "stream")).toBe("stream");
    expect(withCondition("stream", "stream")).toBe("stream");
    expect(withCondition("stream and has_error", "not stream")).toBe("has_error and not stream");
    expect(withCondition("stream or has_error", "status == 200")).toBe("(stream or has_error) and status == 200");
    expect(withCondition('provider == "a"', differs("provider", "a"))).toBe('provider != "a"');
    expect(withoutCondition("stream and has_error", "stream")).toBe("has_error");
  });

  it("quote values", () => {
    expect(equals("model", 'say "hi"\n')).toBe('model == "say \\"hi\\"\\n"');
    expect(equals("provider", null)).toBe("not exists(provider)");
    expect(differs("provider", null)).toBe("exists(provider)");
    expect(equals("stream", false)).toBe("not stream");
  });
});

it("reads the parameters of the API", () => {
  const found = filterOfParameters(new URLSearchParams("api_key_id=3&has_error=true&filter=stream&status_min=x"));
  expect(found?.text).toBe("stream and api_key.id == 3 and has_error");
  expect(found?.names).toEqual(["api_key_id", "status_min", "has_error"]);
  expect(filterOfParameters(new URLSearchParams("filter=stream"))).toBeNull();
});

it("finds the id of a request", () => {
  const id = "01a20d2c-c6af-7cf0-9123-bdaa4edf1b3a";
  expect(requestIdIn(` "${id.toUpperCase()}" `)).toBe(id);
  expect(requestIdIn(`x-request-id: ${id}`)).toBe(id);
  expect(requestIdIn(`request_id == "${id}"`)).toBeNull();
});
