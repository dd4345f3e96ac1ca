"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { parseAsInteger, parseAsString, useQueryStates } from "nuqs";
import { api, data } from "@/api/client";
import { type Place, storedIn, useModel } from "@/components/rules/place";
import { RuleEditor } from "@/components/rules/rule-editor";
import { extended } from "@/components/rules/suggestion";
import { Button } from "@/components/ui/button";
import { Field, Select } from "@/components/ui/field";
import { PageHead } from "@/components/ui/page";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";

export default function RulesPage() {
  const t = useMessages(ruleMessages);
  const [wanted, setWanted] = useQueryStates({
    model: parseAsString.withDefault(""),
    target: parseAsInteger,
    /** A condition to be added, from a log row. */
    suggest: parseAsString,
    /** A logged request to be explained. */
    request: parseAsString,
  });
  const models = useQuery({
    queryKey: ["models", "names"],
    queryFn: () => data(api.GET("/api/admin/models", { params: { query: { page_size: 200 } } })),
  });
  const model = useModel(wanted.model);
  const place: Place = wanted.target === null ? { kind: "model" } : { kind: "target", id: wanted.target };
  const stored = model.data ? storedIn(model.data, place) : null;
  const names = models.data?.items.map((one) => one.name) ?? [];
  if (wanted.model && !names.includes(wanted.model)) names.unshift(wanted.model);
  if (models.data?.items.length === 0) {
    return (
      <>
        <PageHead description={t.about} title={t.title} />
        <Empty
          action={
            <Button asChild>
              <Link href="/models/">{t.toModels}</Link>
            </Button>
          }
          title={t.noModels}
        >
          {t.noModelsHint}
        </Empty>
      </>
    );
  }
  return (
    <>
      <PageHead description={t.about} title={t.title} />
      <div className="mb-4 flex flex-wrap gap-3">
        <Field className="w-full max-w-80" label={t.ruleOf}>
          <Select
            onChange={(event) => setWanted({ model: event.target.value, target: null, suggest: null, request: null })}
            value={wanted.model}
          >
            {wanted.model ? null : <option value="">{t.chooseModel}</option>}
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </Field>
        {model.data ? (
          <Field className="w-full max-w-80" label={t.rule}>
            <Select
              onChange={(event) =>
                setWanted({ target: event.target.value ? Number(event.target.value) : null, suggest: null })
              }
              value={wanted.target ?? ""}
            >
              <option value="">{t.ofModel}</option>
              {model.data.targets.map((target) => (
                <option key={target.id} value={target.id}>
                  {t.ofTarget(target.provider, target.target_model)}
                </option>
              ))}
            </Select>
          </Field>
        ) : null}
      </div>
      <ErrorNote error={models.error ?? model.error} retry={() => model.refetch()} />
      {wanted.model && model.isPending && !model.error ? <Skeleton className="h-64" /> : null}
      {model.data && stored ? (
        <RuleEditor
          key={`${wanted.model} ${wanted.target}`}
          model={wanted.model}
          onSaved={() => setWanted({ suggest: null })}
          place={place}
          request={wanted.request}
          value={extended(stored.text, wanted.suggest)}
        />
      ) : null}
      {model.data && !stored ? <ErrorNote error={new Error(t.noTarget)} /> : null}
    </>
  );
}
