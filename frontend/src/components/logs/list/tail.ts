"use client";

/** The log as it is written, over server-sent events. */

import { useCallback, useEffect, useRef, useState } from "react";
import { api, data } from "@/api/client";
import type { Log } from "./columns";

/** Rows that are kept: the newest. */
const RING = 1000;
const FLUSH_MS = 250;
const AGAIN_MS = 2000;

export interface Tail {
  rows: Log[];
  /** Heard while paused, and not shown yet. */
  waiting: number;
  connection: "connecting" | "open" | "lost";
  /** All that was heard since the beginning, for those who do not see the rows come. */
  heard: number;
  failed: number;
}

const NOTHING: Tail = { rows: [], waiting: 0, connection: "connecting", heard: 0, failed: 0 };

/** Newest first, each record once, no more than the ring holds. */
export function joined(news: Log[], rows: Log[]): Log[] {
  const seen = new Set<string>();
  const kept: Log[] = [];
  for (const log of [...news, ...rows]) {
    if (kept.length === RING) break;
    if (seen.has(log.request_id)) continue;
    seen.add(log.request_id);
    kept.push(log);
  }
  return kept;
}

export function useTail(filter: string, enabled: boolean, paused: boolean): Tail {
  const [tail, setTail] = useState(NOTHING);
  /** What has come and is not shown, newest first. */
  const news = useRef<Log[]>([]);
  const count = useRef({ waiting: 0, heard: 0, failed: 0 });
  const isPaused = useRef(paused);
  isPaused.current = paused;

  const hear = useCallback((items: Log[]) => {
    news.current = joined(items.toReversed(), news.current);
    count.current.waiting += items.length;
    count.current.heard += items.length;
    count.current.failed += items.filter((log) => log.has_error).length;
  }, []);

  useEffect(() => {
    if (!enabled) return;
    setTail(NOTHING);
    news.current = [];
    count.current = { waiting: 0, heard: 0, failed: 0 };
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = "";
    let over = false;
    const connection = (value: Tail["connection"]) => setTail((before) => ({ ...before, connection: value }));

    /** What was written before the connection stood. It may come a second time over it. */
    const load = async () => {
      const query = { filter: filter || undefined, page_size: 50 };
      const page = await data(api.GET("/api/admin/logs", { params: { query } })).catch(() => null);
      if (page && !over) setTail((before) => ({ ...before, rows: joined(before.rows, page.items) }));
    };
    const connect = () => {
      const query = new URLSearchParams();
      if (filter) query.set("filter", filter);
      if (last) query.set("after", last);
      source = new EventSource(`/api/admin/logs/tail?${query}`);
      source.onopen = () => {
        connection("open");
        if (!last) void load();
      };
      source.onmessage = (event: MessageEvent<string>) => {
        last = event.lastEventId;
        hear((JSON.parse(event.data) as { items: Log[] }).items);
      };
      source.addEventListener("gap", () => void load());
      source.addEventListener("end", () => again());
      source.onerror = () => {
        connection("lost");
        // The browser resumes by itself after a broken connection, but not after a refusal.
        if (source?.readyState === EventSource.CLOSED) again();
      };
    };
    const again = () => {
      source?.close();
      connection("lost");
      clearTimeout(timer);
      timer = setTimeout(connect, AGAIN_MS);
    };
    connect();
    const flush = setInterval(() => {
      const { waiting, heard, failed } = count.current;
      if (isPaused.current) {
        setTail((before) => (before.waiting === waiting ? before : { ...before, waiting, heard, failed }));
        return;
      }
      if (waiting === 0) return;
      const arrived = news.current;
      news.current = [];
      count.current.waiting = 0;
      setTail((before) => ({ ...before, rows: joined(arrived, before.rows), waiting: 0, heard, failed }));
    }, FLUSH_MS);
    return () => {
      over = true;
      source?.close();
      clearTimeout(timer);
      clearInterval(flush);
    };
  }, [filter, enabled, hear]);
  return tail;
}
