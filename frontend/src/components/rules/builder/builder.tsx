"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { api, data } from "@/api/client";
import { ErrorNote, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import { isStatus } from "../place";
import { type Change, changed } from "./edits";
import { GroupBox } from "./group";
import { drawn } from "./tree";

/** The rule as groups and rows. What no row can say stays as text; a change replaces only what it is about. */
export function Builder({ text, onText }: { text: string; onText: (text: string) => void }) {
  const t = useMessages(ruleMessages);
  const formatted = useQuery({
    queryKey: ["rules", "format", text],
    queryFn: async ({ signal }) => {
      const found = await data(api.POST("/api/admin/rules/format", { body: { text }, signal }));
      return { text, root: found.as_written };
    },
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const made = formatted.data;
  const root = useMemo(() => (made ? drawn(made.text, made.root) : null), [made]);
  const waiting = useRef<Change[]>([]);
  const current = made?.text === text && !formatted.isPlaceholderData;
  const apply = (change: Change) => {
    // A box that is left for another one changes the text twice; what follows waits for the tree of the new text.
    if (current && root && waiting.current.length === 0) onText(changed(text, root, change));
    else waiting.current.push(change);
  };
  useEffect(() => {
    if (!current || !root) return;
    for (let change = waiting.current.shift(); change; change = waiting.current.shift()) {
      const next = changed(text, root, change);
      if (next !== text) {
        onText(next);
        return;
      }
    }
  }, [current, root, text, onText]);
  useEffect(() => {
    if (formatted.error) waiting.current = [];
  }, [formatted.error]);
  if (isStatus(formatted.error, 422)) {
    return (
      <div className="grid gap-2 rounded-md border border-dashed p-4 text-sm">
        <p>{t.builderFaults}</p>
        {formatted.error.faults.map((fault) => (
          <p className="text-destructive" key={fault.code + fault.message}>
            {fault.message}
          </p>
        ))}
      </div>
    );
  }
  if (formatted.error) return <ErrorNote error={formatted.error} retry={() => formatted.refetch()} />;
  if (!root) return <Skeleton className="h-32" />;
  return <GroupBox apply={apply} group={root} path={[]} />;
}
