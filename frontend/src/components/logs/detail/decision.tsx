"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { parseAsStringLiteral, useQueryState } from "nuqs";
import { api, data, type Schemas } from "@/api/client";
import { TraceTree } from "@/components/rules/trace-tree";
import { Button } from "@/components/ui/button";
import { Badge, Card, ErrorNote, Skeleton } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { recordMessages } from "@/messages/log";
import type { Record } from "../verdict";

const CONFIGURATIONS = ["then", "now"] as const;

/** Which targets the rules let through and why not the others: as it was then, or as it would be now. */
export function Decision({ record }: { record: Record }) {
  const t = useMessages(recordMessages);
  const format = useFormat();
  const [rules, setRules] = useQueryState("rules", parseAsStringLiteral(CONFIGURATIONS).withDefault("then"));
  const explanation = useQuery({
    queryKey: ["rules", "explain", record.request_id, rules],
    queryFn: () =>
      data(api.POST("/api/admin/rules/explain", { body: { request_id: record.request_id, configuration: rules } })),
    placeholderData: keepPreviousData,
    enabled: record.requested_model !== null,
    retry: false,
  });
  const found = explanation.error ? undefined : explanation.data;
  if (record.requested_model === null) return <Card>{t.noDecision}</Card>;
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <fieldset className="flex gap-1">
          <legend className="sr-only">{t.which}</legend>
          {CONFIGURATIONS.map((each) => (
            <Button
              aria-pressed={rules === each}
              key={each}
              onClick={() => setRules(each)}
              size="small"
              variant={rules === each ? "primary" : "outline"}
            >
              {each === "then" ? t.rulesThen : t.rulesNow}
            </Button>
          ))}
        </fieldset>
        {found ? <Badge>{t.atRevision(format.number(found.revision))}</Badge> : null}
      </div>
      {explanation.error ? (
        <>
          <p>{t.noExplanation}</p>
          <ErrorNote error={explanation.error} />
          <Recorded record={record} />
        </>
      ) : null}
      {explanation.isPending ? <Skeleton className="h-48" /> : null}
      {found ? (
        <div className={cn("grid gap-3", explanation.isPlaceholderData && "opacity-60")}>
          {found.missing.length > 0 ? (
            <p className="text-muted-foreground text-sm">{t.notLogged(found.missing.join(", "))}</p>
          ) : null}
          <Order found={found} />
          {found.rule.rule !== "" ? <RuleCard rule={found.rule} title={t.modelRule} /> : null}
          {found.targets.map((target) => (
            <RuleCard
              key={target.target_id}
              rule={target.rule}
              target={target}
              title={`${target.provider} · ${target.target_model}`}
            />
          ))}
        </div>
      ) : null}
    </div>
  );
}

function Order({ found }: { found: Schemas["RuleExplanation"] }) {
  const t = useMessages(recordMessages);
  const format = useFormat();
  const names = new Map(
    found.targets.map((target) => [target.target_id, `${target.provider} · ${target.target_model}`]),
  );
  if (found.order.length === 0) return null;
  return (
    <Card className="grid gap-2">
      <h2 className="font-medium">
        {t.order}: <span className="font-normal text-muted-foreground">{t.strategy(found.strategy)}</span>
      </h2>
      <ol className="grid gap-1">
        {found.order.map((turn, index) => (
          <li className="flex flex-wrap gap-x-2" key={turn.target_ids.join()}>
            <span className="text-muted-foreground">{t.orderTurn(index + 1)}</span>
            {turn.target_ids.map((id, place) => {
              const share = turn.shares?.[place];
              return (
                <span className="break-words" key={id}>
                  {names.get(id) ?? t.targetGone(String(id))}
                  {turn.target_ids.length > 1 ? (
                    <span className="text-muted-foreground">
                      {" "}
                      ({share === undefined ? t.fastest : t.share(format.percent(share / 100))})
                    </span>
                  ) : null}
                </span>
              );
            })}
          </li>
        ))}
      </ol>
    </Card>
  );
}

function RuleCard({
  title,
  rule,
  target,
}: {
  title: string;
  rule: Schemas["ExplainRule"];
  target?: Schemas["ExplainTarget"];
}) {
  const t = useMessages(recordMessages);
  const good = target ? target.is_candidate : rule.passed;
  return (
    <Card className={cn("grid min-w-0 gap-2", !good && "border-destructive/60")}>
      <h2 className="flex flex-wrap items-center gap-2 font-medium">
        <span className="min-w-0 break-words">{title}</span>
        <Badge tone={good ? "good" : "bad"}>
          {target ? (good ? t.candidate : t.hindrance(target.hindrance ?? "")) : good ? t.passed : t.refused}
        </Badge>
      </h2>
      {rule.refused_by ? (
        <p className="min-w-0 break-words text-sm">
          {t.refusedBy} <code className="font-mono text-destructive text-xs">{rule.refused_by}</code>
        </p>
      ) : null}
      {rule.trace ? (
        <TraceTree refused={rule.span} rule={rule.rule} trace={rule.trace} />
      ) : (
        <p className="text-muted-foreground text-sm">{t.noRule}</p>
      )}
    </Card>
  );
}

/** What the record itself says: it stays when the configuration of then, or the request's facts, are gone. */
function Recorded({ record }: { record: Record }) {
  const t = useMessages(recordMessages);
  return (
    <ul aria-label={t.recorded} className="grid gap-2">
      {record.trace.map((each) => (
        <li key={each.target_id ?? "model"}>
          <Card className="flex flex-wrap items-center gap-2">
            <span className="break-words font-medium">
              {each.target_id === null
                ? t.modelRule
                : `${each.provider ?? ""} (${t.targetGone(String(each.target_id))})`}
            </span>
            <Badge tone={each.passed ? "good" : "bad"}>{each.passed ? t.passed : t.refused}</Badge>
            {each.refused_by ? (
              <span className="min-w-0 break-words">
                {t.refusedBy} <code className="font-mono text-destructive text-xs">{each.refused_by}</code>
              </span>
            ) : null}
          </Card>
        </li>
      ))}
    </ul>
  );
}
