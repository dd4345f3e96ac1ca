"use client";

import { useEffect, useRef, useState } from "react";
import { api, type Schemas } from "@/api/client";

type Stage = Schemas["ConnectionStage"];
type Result = Schemas["ConnectionTest"];
type Draft = Schemas["ProviderDraftTest"];

/** A connection test: its stages as they come, and what came out. Starting again ends the one before. */
export function useConnectionTest() {
  const [stages, setStages] = useState<Stage[]>([]);
  const [result, setResult] = useState<Result | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [running, setRunning] = useState(false);
  const current = useRef<AbortController | null>(null);
  useEffect(() => () => current.current?.abort(), []);
  const start = async (draft: Draft) => {
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    setStages([]);
    setResult(null);
    setError(null);
    setRunning(true);
    try {
      const answer = await api.POST("/api/admin/providers/test", {
        body: draft,
        headers: { accept: "application/x-ndjson" },
        parseAs: "stream",
        signal: controller.signal,
      });
      await readLines(answer.data as ReadableStream<Uint8Array>, (line) => {
        const step = JSON.parse(line) as Stage | Result;
        if ("stages" in step) {
          setStages(step.stages);
          setResult(step);
        } else setStages((before) => replaced(before, step));
      });
    } catch (caught) {
      if (!controller.signal.aborted) setError(caught);
    } finally {
      if (current.current === controller) setRunning(false);
    }
  };
  return { stages, result, error, running, start };
}

/** A stage comes once more where a later one bears on it. */
function replaced(stages: Stage[], step: Stage): Stage[] {
  const known = stages.some(({ name }) => name === step.name);
  return known ? stages.map((stage) => (stage.name === step.name ? step : stage)) : [...stages, step];
}

/** Calls `take` for each line of a stream of text. */
export async function readLines(stream: ReadableStream<Uint8Array>, take: (line: string) => void) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    for (const line of lines) if (line) take(line);
    if (done) return;
  }
}
