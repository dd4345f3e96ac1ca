import type { Schemas } from "@/api/client";

export type Provider = Schemas["Provider"];

/** Lines of `Name: value` as the headers of a provider. Lines at fault go to `wrong`. */
export function readHeaders(text: string, wrong: string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim();
    if (colon < 1 || !name) wrong.push(line.trim());
    else found[name] = line.slice(colon + 1).trim();
  }
  return found;
}

export function showHeaders(headers: Record<string, string> | undefined): string {
  return Object.entries(headers ?? {})
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}

export const TIMEOUTS = ["connect_timeout", "first_byte_timeout", "idle_timeout", "total_timeout"] as const;

/** What the form of a provider says, as the API takes it. Without `credential` the stored one stays. */
export function readForm(values: FormData, wrong: string[]): Schemas["ProviderCreate"] {
  const text = (name: string) => String(values.get(name) ?? "").trim();
  const seconds = (name: string) => (text(name) ? Number(text(name)) : null);
  const credential = text("credential");
  return {
    name: text("name"),
    protocol: text("protocol") as Schemas["Protocol"],
    base_url: text("base_url"),
    headers: readHeaders(text("headers"), wrong),
    connect_timeout: seconds("connect_timeout"),
    first_byte_timeout: seconds("first_byte_timeout"),
    idle_timeout: seconds("idle_timeout"),
    total_timeout: seconds("total_timeout"),
    verify_tls: values.get("verify_tls") !== null,
    notes: text("notes"),
    ...(values.get("no_credential") !== null ? { credential: null } : credential ? { credential } : {}),
  };
}

/** How a provider fares by its requests of the last day. */
export function condition(requests: number, errors: number): "idle" | "good" | "some" | "failing" {
  if (requests === 0) return "idle";
  const share = errors / requests;
  if (share >= 0.5 && requests >= 5) return "failing";
  return share >= 0.05 ? "some" : "good";
}

/** Requests of each hour, the present one last, from buckets that leave out empty hours. */
export function hourly(buckets: { start_time: string | null; requests: number; errors: number }[], now: number) {
  const HOUR = 3_600_000;
  const last = Math.floor(now / HOUR);
  const hours = Array.from({ length: 24 }, () => ({ requests: 0, errors: 0 }));
  for (const { start_time, requests, errors } of buckets) {
    if (!start_time) continue;
    const hour = hours[23 - (last - Math.floor(Date.parse(start_time) / HOUR))];
    if (hour) Object.assign(hour, { requests, errors });
  }
  return hours;
}
