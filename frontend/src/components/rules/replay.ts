/** Replaying logged requests: the answer comes as lines of JSON, progress first. */

import { ApiError, type Schemas } from "@/api/client";
import { draftOf, type Place } from "./place";

export interface Progress {
  done: number;
  total: number;
}

export type Step = Progress | Schemas["ReplayResult"] | { error: string };

/** Lines out of pieces of bytes. */
export class Lines {
  private rest = "";
  private readonly decoder = new TextDecoder();

  feed(bytes: Uint8Array): string[] {
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split("\n");
    this.rest = lines.pop() ?? "";
    return lines.filter(Boolean);
  }

  close(): string[] {
    const last = this.rest + this.decoder.decode();
    this.rest = "";
    return last.trim() ? [last] : [];
  }
}

/** What a draft would have done with the newest `last` requests. */
export async function replay(
  { model, place, text, last }: { model: string; place: Place; text: string; last: number },
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Schemas["ReplayResult"]> {
  const response = await fetch("/api/admin/rules/replay", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/x-ndjson" },
    body: JSON.stringify({ model, draft: draftOf(place, text), last }),
    signal,
  });
  if (!response.ok || !response.body) {
    const problem = (await response.json().catch(() => null)) as Schemas["Problem"] | null;
    throw new ApiError(
      response.status,
      problem?.code ?? "unknown",
      problem?.detail ?? `${response.status} ${response.statusText}`,
      problem?.errors ?? [],
      problem?.request_id,
    );
  }
  const lines = new Lines();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    for (const line of value ? lines.feed(value) : lines.close()) {
      const step = JSON.parse(line) as Step;
      if ("error" in step) throw new Error(step.error);
      if ("evaluated" in step) return step;
      onProgress(step);
    }
    if (done) throw new Error("The answer was cut off.");
  }
}

/** The share of requests that would go elsewhere. */
export function changedShare(result: Schemas["ReplayResult"]): number {
  return result.evaluated > 0 ? result.changed / result.evaluated : 0;
}
