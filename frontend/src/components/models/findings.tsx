"use client";

import Link from "next/link";
import { Code } from "@/components/ui/copy";
import { Badge, Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { type Model, rulePath, useAnalysis } from "./queries";
import { labelOf } from "./story";

/** What the analysis says of the rules of a model as they are stored. */
export function ModelFindings({ model }: { model: Model }) {
  const t = useMessages(modelMessages);
  const analysis = useAnalysis(model);
  const severities = {
    error: { tone: "bad", word: t.severe },
    warning: { tone: "warning", word: t.warning },
    info: { tone: "neutral", word: t.note },
  } as const;
  if (analysis.error) return <ErrorNote error={analysis.error} retry={() => analysis.refetch()} />;
  if (!analysis.data) return <Skeleton className="h-32" />;
  const { findings, complete } = analysis.data;
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-3">
      {findings.length === 0 ? <Empty title={t.noFindings}>{t.noFindingsHint}</Empty> : null}
      <ul className="grid grid-cols-[minmax(0,1fr)] gap-2">
        {findings.map((finding) => {
          const target = model.targets.find((one) => one.id === finding.target_id);
          const place = target ? labelOf(target, model.targets) : t.wholeModel;
          return (
            <li
              className="grid grid-cols-[minmax(0,1fr)] gap-2 rounded-lg border bg-card p-3 text-sm"
              key={`${finding.code}-${finding.target_id}-${finding.other_ids.join()}-${finding.span?.start}`}
            >
              <p className="flex flex-wrap items-center gap-2">
                <Badge tone={severities[finding.severity].tone}>{severities[finding.severity].word}</Badge>
                <span className="min-w-0 break-all font-medium">{place}</span>
                <span className="text-muted-foreground text-xs">
                  {finding.proof === "proven" ? t.proven : t.notProven}
                </span>
                <Link
                  aria-label={`${t.openRule}: ${place}`}
                  className="ml-auto text-primary text-xs underline-offset-4 hover:underline"
                  href={rulePath(model.name, finding.target_id)}
                >
                  {t.openRule}
                </Link>
              </p>
              <p className="break-words">{finding.message}</p>
              {finding.example ? (
                <details>
                  <summary className="cursor-pointer text-xs">{t.example}</summary>
                  <Code className="mt-2" text={JSON.stringify(finding.example, null, 2)} />
                </details>
              ) : null}
            </li>
          );
        })}
      </ul>
      {complete ? null : <p className="text-muted-foreground text-xs">{t.incomplete}</p>}
    </div>
  );
}
