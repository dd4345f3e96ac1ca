import { describe, expect, it } from "vitest";
import { condition, hourly, readForm, readHeaders, showHeaders } from "./values";

describe("headers", () => {
  it("are read line by line, with colons in values", () => {
    const wrong: string[] = [];
    const found = readHeaders("X-Team: a\n\n  X-Url : https://x\nno colon\n: no name", wrong);
    expect(found).toEqual({ "X-Team": "a", "X-Url": "https://x" });
    expect(wrong).toEqual(["no colon", ": no name"]);
    expect(readHeaders(showHeaders(found), [])).toEqual(found);
  });
});

describe("the form", () => {
  const form = (values: Record<string, string>) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(values)) data.set(name, value);
    return readForm(data, []);
  };
  it("leaves the credential alone when none is typed", () => {
    expect("credential" in form({ name: "a" })).toBe(false);
    expect(form({ credential: " env:KEY " }).credential).toBe("env:KEY");
    expect(form({ credential: "typed", no_credential: "on" }).credential).toBeNull();
  });
  it("has null for empty timeouts", () => {
    expect(form({ idle_timeout: "2.5" })).toMatchObject({ idle_timeout: 2.5, total_timeout: null, verify_tls: false });
  });
});

describe("condition", () => {
  it("needs some requests to call a provider failing", () => {
    expect(condition(0, 0)).toBe("idle");
    expect(condition(100, 1)).toBe("good");
    expect(condition(2, 2)).toBe("some");
    expect(condition(5, 5)).toBe("failing");
  });
});

describe("hourly", () => {
  it("fills the gaps", () => {
    const now = Date.parse("2026-01-02T10:20:00Z");
    const hours = hourly(
      [
        { start_time: "2026-01-02T10:00:00Z", requests: 3, errors: 1 },
        { start_time: "2026-01-01T11:00:00Z", requests: 2, errors: 0 },
        { start_time: "2026-01-01T10:00:00Z", requests: 9, errors: 0 },
      ],
      now,
    );
    expect(hours).toHaveLength(24);
    expect(hours[23]).toEqual({ requests: 3, errors: 1 });
    expect(hours[0]).toEqual({ requests: 2, errors: 0 });
    expect(hours.reduce((sum, hour) => sum + hour.requests, 0)).toBe(5);
  });
});
