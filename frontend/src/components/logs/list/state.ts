"use client";

/** What the list shows, all of it in the address. */

import { useRouter, useSearchParams } from "next/navigation";
import {
  parseAsArrayOf,
  parseAsBoolean,
  parseAsIsoDateTime,
  parseAsString,
  parseAsStringLiteral,
  useQueryStates,
} from "nuqs";
import { useEffect, useMemo, useState } from "react";
import { filterOfParameters } from "../conditions";
import { boundsOf, RANGES, timesOf } from "../range";

export const SORTS = ["-request_time", "request_time", "-total_time_ms"] as const;
export const SIZES = ["25", "50", "100", "200"] as const;

const PARSERS = {
  filter: parseAsString.withDefault(""),
  range: parseAsStringLiteral(RANGES).withDefault("24h"),
  from: parseAsString.withDefault(""),
  to: parseAsString.withDefault(""),
  sort: parseAsStringLiteral(SORTS).withDefault("-request_time"),
  size: parseAsStringLiteral(SIZES).withDefault("50"),
  /** The cursors of the pages up to this one. */
  pages: parseAsArrayOf(parseAsString, "~").withDefault([]),
  /** When a preset of time was meant: cursors belong to one question, down to its times. */
  at: parseAsIsoDateTime,
  live: parseAsBoolean.withDefault(false),
};

export function useLogState() {
  const [wanted, set] = useQueryStates(PARSERS, { history: "push" });
  const [opened, setOpened] = useState(() => Date.now());
  const pending = useParameters();
  const moment = wanted.at?.getTime() ?? opened;
  const { filter, range, from, to } = wanted;
  return useMemo(() => {
    const times = timesOf(range, from, to, moment);
    /** Changes what is looked for: then the list begins anew. */
    const change = (
      part: Partial<Pick<typeof wanted, "filter" | "range" | "from" | "to" | "sort" | "size" | "live">>,
    ) => {
      setOpened(Date.now());
      return set({ ...part, pages: null, at: null });
    };
    return {
      ...wanted,
      /** The address is about to change: nothing needs to be asked. */
      pending,
      times,
      bounds: boundsOf(times, moment),
      query: { filter: filter || undefined, ...times },
      change,
      refresh: () => change({}),
      older: (cursor: string) => set({ pages: [...wanted.pages, cursor], at: new Date(moment) }),
      newer: () => (wanted.pages.length > 1 ? set({ pages: wanted.pages.slice(0, -1) }) : set({ pages: null })),
    };
  }, [wanted, pending, filter, range, from, to, moment, set]);
}

export type LogState = ReturnType<typeof useLogState>;

/** Links of other pages name the plain parameters of the API; they become conditions of the filter. */
function useParameters(): boolean {
  const router = useRouter();
  const search = useSearchParams().toString();
  const found = useMemo(() => filterOfParameters(new URLSearchParams(search)), [search]);
  useEffect(() => {
    if (!found) return;
    const parameters = new URLSearchParams(search);
    for (const name of found.names) parameters.delete(name);
    parameters.set("filter", found.text);
    router.replace(`/logs/?${parameters}`);
  }, [found, search, router]);
  return found !== null;
}
