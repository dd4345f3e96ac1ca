"use client";

import Link from "next/link";
import type { Schemas } from "@/api/client";
import { useSentence } from "@/components/history/sentence";
import { Card } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { overviewMessages } from "@/messages/overview";

/** The latest changes of the configuration: often the reason why a curve bends. */
export function RecentChanges({ revisions }: { revisions: Schemas["Revision"][] }) {
  const t = useMessages(overviewMessages);
  const format = useFormat();
  const sentence = useSentence();
  return (
    <Card className="min-w-0">
      <div className="mb-2 flex items-baseline justify-between gap-2">
        <h2 className="font-medium">{t.changes}</h2>
        <Link className="text-primary text-sm underline-offset-4 hover:underline" href="/history/">
          {t.allChanges}
        </Link>
      </div>
      {revisions.length === 0 ? <p className="text-muted-foreground">{t.noChanges}</p> : null}
      <ul className="grid gap-2">
        {revisions.map((revision) => (
          <li className="flex items-baseline justify-between gap-3" key={revision.id}>
            <Link className="min-w-0 break-words hover:underline" href={`/history/?open=${revision.id}`}>
              {sentence(revision)}
            </Link>
            <time className="whitespace-nowrap text-muted-foreground text-xs" dateTime={revision.at}>
              {format.ago(revision.at)}
            </time>
          </li>
        ))}
      </ul>
    </Card>
  );
}
