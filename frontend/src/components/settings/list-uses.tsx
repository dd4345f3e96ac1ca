"use client";

import Link from "next/link";
import type { Schemas } from "@/api/client";
import { useMessages } from "@/lib/i18n";
import { settingMessages } from "@/messages/settings";

/** The rules that ask for a list, each with the way to it. */
export function ListUses({ uses }: { uses: Schemas["NamedListUse"][] }) {
  const t = useMessages(settingMessages);
  if (uses.length === 0) return <span className="text-muted-foreground">{t.unused}</span>;
  return (
    <ul className="grid gap-0.5">
      {uses.map((use) => (
        <li className="min-w-0 break-words" key={`${use.model} ${use.target_id}`}>
          <Link
            className="underline-offset-4 hover:underline"
            href={`/rules/?model=${encodeURIComponent(use.model)}${use.target_id === null ? "" : `&target=${use.target_id}`}`}
          >
            {use.target_id === null
              ? t.modelRule(use.model)
              : t.targetRule(use.model, `${use.provider}/${use.target_model}`)}
          </Link>
        </li>
      ))}
    </ul>
  );
}
