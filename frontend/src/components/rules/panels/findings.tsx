"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, data, type Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Badge, Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import { type Span, spanIn } from "../code/tokens";
import { draftOf, type Place } from "../place";

/** What the analysis says of all rules of the model with the draft in place. */
export function Findings({
  model,
  place,
  text,
  valid,
  onExample,
  onShow,
}: {
  model: string;
  place: Place;
  text: string;
  valid: boolean;
  onExample: (sample: Schemas["Sample"]) => void;
  onShow: (span: Span) => void;
}) {
  const t = useMessages(ruleMessages);
  const analysis = useQuery({
    queryKey: ["rules", "analyse", model, place, text],
    queryFn: ({ signal }) =>
      data(api.POST("/api/admin/rules/analyse", { body: { model, draft: draftOf(place, text) }, signal })),
    enabled: valid,
    placeholderData: keepPreviousData,
  });
  const severities = {
    error: { tone: "bad", word: t.severe },
    warning: { tone: "warning", word: t.warning },
    info: { tone: "neutral", word: t.note },
  } as const;
  if (!valid && !analysis.data) return <p className="text-muted-foreground text-sm">{t.mendFirst}</p>;
  if (analysis.error) return <ErrorNote error={analysis.error} retry={() => analysis.refetch()} />;
  if (!analysis.data) return <Skeleton className="h-32" />;
  const { findings, complete, overlaps_left_out: more } = analysis.data;
  return (
    <div className={analysis.isPlaceholderData || !valid ? "grid gap-3 opacity-60" : "grid gap-3"}>
      {findings.length === 0 ? <Empty title={t.noFindings}>{t.noFindingsHint}</Empty> : null}
      <ul className="grid gap-2">
        {findings.map((finding) => {
          const here = place.kind === "model" ? finding.target_id === null : finding.target_id === place.id;
          const { span, example } = finding;
          return (
            <li
              className="grid gap-2 rounded-md border p-3 text-sm"
              key={`${finding.code}-${finding.target_id}-${finding.other_ids.join()}-${span?.start}`}
            >
              <p className="flex flex-wrap items-center gap-2">
                <Badge tone={severities[finding.severity].tone}>{severities[finding.severity].word}</Badge>
                <span className="text-muted-foreground text-xs">
                  {finding.proof === "proven" ? t.proven : t.notFound}
                </span>
              </p>
              <p className="break-words">{finding.message}</p>
              <div className="flex flex-wrap gap-2">
                {here && span ? (
                  <Button onClick={() => onShow(spanIn(text, span))} size="small" variant="outline">
                    {t.showInText}
                  </Button>
                ) : null}
                {example ? (
                  <Button onClick={() => onExample(example)} size="small" variant="outline">
                    {t.tryExample}
                  </Button>
                ) : null}
              </div>
            </li>
          );
        })}
      </ul>
      {more > 0 ? <p className="text-muted-foreground text-xs">{t.moreOverlaps(more)}</p> : null}
      {complete ? null : <p className="text-muted-foreground text-xs">{t.incomplete}</p>}
    </div>
  );
}
