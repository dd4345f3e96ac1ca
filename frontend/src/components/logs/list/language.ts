"use client";

/** What the server says of a filter that is being written: its faults, and what could come next. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, data, type Schemas } from "@/api/client";

export interface Checked {
  /** The text that was checked. */
  text: string;
  faults: Schemas["RuleDiagnostic"][];
}

/** The value as it was when it had rested for a while. */
function useRested<T>(value: T, milliseconds: number): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return rested;
}

export function useCheck(text: string): Checked {
  const rested = useRested(text, 250);
  const check = useQuery({
    queryKey: ["rules", "check", "logs", rested],
    queryFn: () => data(api.POST("/api/admin/rules/check", { body: { text: rested, vocabulary: "logs" } })),
    enabled: rested.trim() !== "" && rested === text,
    staleTime: 60_000,
  });
  const current = rested === text && rested.trim() !== "";
  return {
    text,
    faults: current ? (check.data?.diagnostics ?? []).filter(({ severity }) => severity === "error") : [],
  };
}

/** `cursor` in characters; null: nothing is asked. */
export function useOffers(text: string, cursor: number | null) {
  const rested = useRested(cursor === null ? null : `${cursor}:${text}`, 120);
  const offers = useQuery({
    queryKey: ["rules", "complete", "logs", rested],
    queryFn: async () => {
      const split = rested?.indexOf(":") ?? 0;
      const asked = { text: rested?.slice(split + 1) ?? "", cursor: Number(rested?.slice(0, split)) };
      const found = await data(api.POST("/api/admin/rules/complete", { body: { ...asked, vocabulary: "logs" } }));
      return { ...found, text: asked.text };
    },
    enabled: rested !== null,
    staleTime: 30_000,
    placeholderData: keepPreviousData,
  });
  return cursor === null || offers.data?.text !== text ? null : offers.data;
}
