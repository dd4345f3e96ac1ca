"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { FlaskConical } from "lucide-react";
import { useMemo } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Badge, Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import type { Span } from "../code/tokens";
import { draftOf, type Place } from "../place";
import { TraceTree } from "../trace-tree";
import { type Subject, SubjectPicker } from "./subject";

type Explanation = Schemas["RuleExplanation"];

/** One request through the draft: each part of the rule with what it came to, and where the request would go. */
export function Explain({
  model,
  place,
  text,
  valid,
  subject,
  onSubject,
  cursor,
  onPoint,
  onKeep,
}: {
  model: string;
  place: Place;
  text: string;
  valid: boolean;
  subject: Subject | null;
  onSubject: (subject: Subject | null) => void;
  cursor: number | null;
  onPoint: (span: Span | null) => void;
  onKeep: (subject: Subject, explanation: Explanation) => void;
}) {
  const t = useMessages(ruleMessages);
  const draft = draftOf(place, text);
  const explanation = useQuery({
    queryKey: ["rules", "explain", model, subject, draft],
    queryFn: async ({ signal }) => {
      const asked = subject?.kind === "log" ? { request_id: subject.id } : { request: subject?.sample };
      const body = { ...asked, model, configuration: "now" as const, draft };
      const found = await data(api.POST("/api/admin/rules/explain", { body, signal }));
      return { text, found };
    },
    enabled: valid && subject !== null,
    placeholderData: keepPreviousData,
  });
  const found = subject === null ? undefined : explanation.data?.found;
  const rule = useMemo(() => {
    if (!found) return null;
    return place.kind === "model"
      ? found.rule
      : (found.targets.find((one) => one.target_id === place.id)?.rule ?? null);
  }, [found, place]);
  return (
    <div className="grid gap-4">
      <SubjectPicker model={model} onSubject={onSubject} subject={subject} />
      {subject === null ? <Empty title={t.explainEmpty}>{t.explainHint}</Empty> : null}
      {subject && !valid ? <p className="text-muted-foreground text-sm">{t.mendFirst}</p> : null}
      {subject ? <ErrorNote error={explanation.error} retry={() => explanation.refetch()} /> : null}
      {subject && valid && explanation.isPending ? <Skeleton className="h-32" /> : null}
      {found && rule && subject ? (
        <div className={explanation.isPlaceholderData || !valid ? "grid gap-4 opacity-60" : "grid gap-4"}>
          <div className="flex flex-wrap items-center justify-between gap-2">
            <p className="flex flex-wrap items-center gap-2 text-sm" role="status">
              <Badge tone={rule.passed ? "good" : "bad"}>{rule.passed ? t.passes : t.refuses}</Badge>
              {rule.refused_by ? (
                <span className="break-all font-mono text-xs">{t.because(rule.refused_by)}</span>
              ) : null}
            </p>
            <Button onClick={() => onKeep(subject, found)} size="small" variant="outline">
              <FlaskConical />
              {t.keepAsTest}
            </Button>
          </div>
          {rule.trace ? (
            <TraceTree
              onPoint={rule.rule === text ? onPoint : undefined}
              place={rule.rule === text ? cursor : null}
              refused={rule.span}
              rule={rule.rule}
              trace={rule.trace}
            />
          ) : (
            <p className="text-muted-foreground text-sm">{t.noRule}</p>
          )}
          <Destination explanation={found} />
          {found.missing.length > 0 ? (
            <p className="text-muted-foreground text-xs">{t.logLacks(found.missing.join(", "))}</p>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

/** Where the request would go, and why not elsewhere, in sentences. */
function Destination({ explanation }: { explanation: Explanation }) {
  const t = useMessages(ruleMessages);
  const format = useFormat();
  const named = new Map(explanation.targets.map((target) => [target.target_id, target]));
  const name = (id: number) => {
    const target = named.get(id);
    return target ? `${target.provider} (${target.target_model})` : String(id);
  };
  const others = explanation.targets.filter((target) => !target.is_candidate);
  const hindrances: Record<string, (target: Schemas["ExplainTarget"]) => string> = {
    model_inactive: () => t.modelOff,
    inactive: () => t.targetOff,
    model_rule: () => t.modelRefuses(explanation.rule.refused_by ?? ""),
    rule: (target) => t.ruleRefuses(target.rule.refused_by ?? ""),
    protocol: () => t.otherProtocol,
  };
  return (
    <section aria-label={t.destination} className="grid gap-2 border-t pt-3 text-sm">
      <h2 className="font-medium">{t.destination}</h2>
      {explanation.order.length === 0 ? <p className="text-destructive">{t.nowhere}</p> : null}
      <ol className="grid gap-1">
        {explanation.order.map((turn, index) => (
          <li className="break-words" key={turn.target_ids.join()}>
            {index === 0 ? t.first : t.afterwards}{" "}
            {turn.target_ids
              .map((id, at) => {
                const share = turn.shares?.[at];
                return share === undefined || turn.target_ids.length === 1
                  ? name(id)
                  : `${name(id)} ${format.percent(share / 100)}`;
              })
              .join(", ")}
          </li>
        ))}
      </ol>
      {others.length > 0 ? (
        <ul className="grid gap-1 text-muted-foreground">
          {others.map((target) => (
            <li className="break-words" key={target.target_id}>
              {t.notThere(name(target.target_id), hindrances[target.hindrance ?? ""]?.(target) ?? "")}
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  );
}
