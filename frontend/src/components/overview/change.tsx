"use client";

import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { overviewMessages } from "@/messages/overview";
import { changeOf } from "./values";

/** `+25%`, `−3%`, `new`. */
export function useChange(): (now: number, before: number) => string {
  const t = useMessages(overviewMessages);
  const format = useFormat();
  return (now, before) => {
    const change = changeOf(now, before);
    if (change === null) return now === 0 ? t.same : t.fresh;
    const written = format.percent(Math.abs(change));
    if (written === format.percent(0)) return t.same;
    return `${change > 0 ? "+" : "−"}${written}`;
  };
}
