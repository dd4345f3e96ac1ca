"use client";

import Link from "next/link";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { rulePath, useWords } from "./queries";

/** A rule in one line, the same in plain words, and the way to its editor. */
export function RuleLine({
  model,
  target,
  rule,
  empty,
  label,
}: {
  model: string;
  target?: number;
  rule: string;
  empty: string;
  /** Names the rule for those who hear the link only. */
  label: string;
}) {
  const t = useMessages(modelMessages);
  const words = useWords(rule);
  const there = rule.trim() !== "";
  return (
    <div className="flex min-w-0 flex-wrap items-baseline gap-x-3 gap-y-1 text-sm">
      {there ? (
        <div className="min-w-0 max-w-full flex-1 basis-60">
          <code className="block truncate font-mono text-xs" title={rule}>
            {rule.replace(/\s+/g, " ").trim()}
          </code>
          <p className="min-h-5 break-words text-muted-foreground text-xs leading-5">{words}</p>
        </div>
      ) : (
        <p className="min-w-0 flex-1 basis-60 text-muted-foreground text-xs">{empty}</p>
      )}
      <Link
        aria-label={`${there ? t.editRule : t.addRule}: ${label}`}
        className="shrink-0 text-primary text-xs underline-offset-4 hover:underline"
        href={rulePath(model, target)}
      >
        {there ? t.editRule : t.addRule}
      </Link>
    </div>
  );
}
