"use client";

import { AlertTriangle, CircleCheck } from "lucide-react";
import type { Schemas } from "@/api/client";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { overviewMessages } from "@/messages/overview";
import { type Trouble, troublesOf } from "./values";

/** Is it well? In a sentence, or in one for each trouble. */
export function Health({ system }: { system: Schemas["System"] }) {
  const t = useMessages(overviewMessages);
  const format = useFormat();
  const troubles = troublesOf(system);
  const words = (trouble: Trouble): string => {
    if (trouble.kind === "problem") return trouble.text;
    return "count" in trouble ? t[trouble.kind](format.number(trouble.count)) : t[trouble.kind];
  };
  return (
    <div className="mb-4 flex flex-wrap items-start justify-between gap-x-6 gap-y-1 text-sm" role="status">
      {troubles.length === 0 ? (
        <p className="flex items-center gap-2">
          <CircleCheck aria-hidden className="size-4 shrink-0 text-success" />
          {t.healthy(format.number(system.configuration.revision))}
        </p>
      ) : (
        <div className="flex min-w-0 gap-2">
          <AlertTriangle aria-hidden className="mt-0.5 size-4 shrink-0 text-warning" />
          <div className="min-w-0">
            <p className="font-medium">{t.unhealthy}</p>
            <ul className="list-disc pl-4">
              {troubles.map((trouble) => (
                <li className="break-words" key={words(trouble)}>
                  {words(trouble)}
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
      <p className="text-muted-foreground">{t.since(system.version, format.ago(system.started_at))}</p>
    </div>
  );
}
