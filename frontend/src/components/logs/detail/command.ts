/** What can be made of a record: a command that sends the request again, a condition that it fulfils. */

import type { Schemas } from "@/api/client";
import { equals } from "../conditions";
import type { Record } from "../verdict";

type Payload = Schemas["LogPayload"];

/** Of the connection, of the caller's key, or made anew by curl. */
const LEFT_OUT =
  /^(host|content-length|connection|accept-encoding|transfer-encoding|expect|authorization|x-api-key|cookie|x-request-id|x-forwarded-.*)$/i;

/** The request as a curl command. The key is that of whoever runs it. */
export function curlOf(record: Pick<Record, "method" | "path" | "protocol">, payload: Payload, origin: string): string {
  const key = record.protocol === "anthropic" ? "x-api-key: $GATEWAY_KEY" : "authorization: Bearer $GATEWAY_KEY";
  const headers = payload.request_headers.filter(({ name, value }) => !LEFT_OUT.test(name) && !value.includes("***"));
  const lines = [
    `curl -X ${quoted(record.method)} ${quoted(origin + record.path)}`,
    `-H "${key}"`,
    ...headers.map(({ name, value }) => `-H ${quoted(`${name}: ${value}`)}`),
  ];
  if (payload.request_body.encoding === "utf-8" && payload.request_body.text) {
    lines.push(`--data-raw ${quoted(payload.request_body.text)}`);
  }
  return lines.join(" \\\n  ");
}

/** As one word of a POSIX shell, whatever is in it. Control characters other than line feeds would be typed: they go. */
function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
  return `'${text.replace(/[\x00-\x09\x0b-\x1f\x7f]/g, "").replaceAll("'", "'\\''")}'`;
}

/** Header fields that a client library or a proxy sends with every request. */
const USUAL = /^x-(stainless|forwarded|real|request|api|app|amzn|gw|b3|cloud|correlation|trace|envoy)(-|$)/i;
const NAME = /^[a-z_][a-z0-9_]*(-[a-z0-9_]+)*$/i;

/** A condition on what sets this request apart: a header of the caller's own, or else the key. */
export function suggestedCondition(record: Pick<Record, "payload" | "api_key_name" | "is_stream">): string {
  const own = record.payload?.request_headers.find(
    ({ name, value }) => /^x-/i.test(name) && !USUAL.test(name) && NAME.test(name) && value && !value.includes("***"),
  );
  if (own) return equals(`headers.${own.name.toLowerCase()}`, own.value);
  if (record.api_key_name !== null) return equals("api_key.name", record.api_key_name);
  return equals("stream", record.is_stream);
}
