import { expect, it } from "vitest";
import { curlOf, suggestedCondition } from "./command";

const body = (text: string) => ({ text, encoding: "utf-8" as const, truncated: false });
const payload = (text: string, headers: [string, string][]) => ({
  is_redacted: true,
  request_headers: headers.map(([name, value]) => ({ name, value })),
  request_body: body(text),
  response_headers: [],
  response_body: body(""),
});
const request = { method: "POST", path: "/v1/chat/completions", protocol: "openai" as const };

it("writes a command that no text gets out of", () => {
  const text = curlOf(
    request,
    payload(`{"a":"it's $(rm) \`x\`"}`, [
      ["authorization", "Bearer gwk_***"],
      ["content-type", "application/json"],
      ["x-note", "'; rm -rf /"],
    ]),
    "http://gw",
  );
  expect(text).toBe(
    [
      "curl -X 'POST' 'http://gw/v1/chat/completions' \\",
      '  -H "authorization: Bearer $GATEWAY_KEY" \\',
      "  -H 'content-type: application/json' \\",
      "  -H 'x-note: '\\''; rm -rf /' \\",
      `  --data-raw '{"a":"it'\\''s $(rm) \`x\`"}'`,
    ].join("\n"),
  );
});

it("suggests a condition", () => {
  const record = { api_key_name: "web", is_stream: true };
  const own = payload("", [
    ["x-stainless-os", "Linux"],
    ["X-Priority", 'h"i'],
  ]);
  expect(suggestedCondition({ ...record, payload: own })).toBe('headers.x-priority == "h\\"i"');
  expect(suggestedCondition({ ...record, payload: null })).toBe('api_key.name == "web"');
  expect(suggestedCondition({ ...record, api_key_name: null, payload: null })).toBe("stream");
});
