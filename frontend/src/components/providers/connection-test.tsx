"use client";

import { Check, Minus, X } from "lucide-react";
import { useEffect, useId, useRef } from "react";
import type { Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { ErrorNote } from "@/components/ui/states";
import { type Format, useFormat } from "@/lib/format";
import { useLanguage, useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { adviceOn } from "@/messages/provider-causes";
import { providerMessages } from "@/messages/providers";
import { useConnectionTest } from "./use-test";

type Stage = Schemas["ConnectionStage"];

const LOOKS = {
  ok: { icon: Check, colour: "text-success" },
  failed: { icon: X, colour: "text-destructive" },
  skipped: { icon: Minus, colour: "text-muted-foreground" },
};

const WORDS = "ml-6 max-h-40 overflow-y-auto rounded-md bg-muted p-2";

/** Tries the provider of the form around, as it stands there. `draft` reads the form, or throws what is wrong with it. */
export function ConnectionTest({
  draft,
  atOnce = false,
}: {
  draft: (form: HTMLFormElement) => Schemas["ProviderDraftTest"] | null;
  /** Begin without being asked. */
  atOnce?: boolean;
}) {
  const t = useMessages(providerMessages);
  const test = useConnectionTest();
  const place = useRef<HTMLElement>(null);
  const names = useId();
  const run = () => {
    const form = place.current?.closest("form");
    const body = form ? draft(form) : null;
    if (body) void test.start(body);
  };
  const begun = useRef(false);
  useEffect(() => {
    if (!atOnce || begun.current) return;
    begun.current = true;
    run();
  });
  const over = test.result ?? test.error;
  useEffect(() => {
    if (over) place.current?.scrollIntoView({ block: "nearest" });
  }, [over]);
  const models = test.result?.models ?? [];
  return (
    <section aria-label={t.testTitle} className="grid min-w-0 gap-3 rounded-md border p-3" ref={place}>
      <p className="text-muted-foreground text-xs">{t.testHint}</p>
      <div className="flex flex-wrap items-start gap-2">
        <Field className="min-w-40 flex-1" hint={t.testModelHint} label={t.testModel}>
          <Input
            autoComplete="off"
            list={names}
            maxLength={200}
            name="test_model"
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
              event.preventDefault();
              run();
            }}
            spellCheck={false}
          />
        </Field>
        <datalist id={names}>
          {models.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <Button className="mt-6.5" onClick={run} variant="outline">
          {t.test}
        </Button>
      </div>
      {test.stages.length > 0 ? (
        <ol className="grid gap-2">
          {test.stages.map((stage) => (
            <StageRow key={stage.name} models={models.length} stage={stage} />
          ))}
        </ol>
      ) : null}
      <p aria-live="polite" className="font-medium text-sm empty:hidden">
        {test.running ? t.running : null}
        {test.result?.ok ? <span className="text-success">{t.works(test.result.model ?? "")}</span> : null}
        {test.result && !test.result.ok ? <span className="text-destructive">{t.fails}</span> : null}
      </p>
      <ErrorNote error={test.error} />
    </section>
  );
}

function StageRow({ stage, models }: { stage: Stage; models: number }) {
  const t = useMessages(providerMessages);
  const { language } = useLanguage();
  const format = useFormat();
  const { icon: Icon, colour } = LOOKS[stage.status];
  const note = useNote(stage, models, format);
  const advice = adviceOn(language, stage.cause ?? null, stage.advice ?? null);
  return (
    <li className="grid min-w-0 gap-1 text-sm">
      <div className="flex min-w-0 items-baseline gap-2">
        <Icon aria-hidden className={cn("size-4 shrink-0 self-center", colour)} />
        <span className="shrink-0">{t[`stage_${stage.name}`]}</span>
        <span className="sr-only">{t[stage.status]}</span>
        <span className="min-w-0 flex-1 text-muted-foreground text-xs [overflow-wrap:anywhere]">
          {[stage.http_status, note].filter(Boolean).join(" · ")}
        </span>
        {stage.status === "skipped" ? null : (
          <span className="shrink-0 text-muted-foreground text-xs tabular-nums">{format.duration(stage.ms ?? 0)}</span>
        )}
      </div>
      {advice ? <p className={cn("pl-6", stage.status === "failed" && "text-destructive")}>{advice}</p> : null}
      {stage.status === "failed" && stage.detail ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section aria-label={t.itsWords} className={WORDS} tabIndex={0}>
          <pre className="whitespace-pre-wrap break-all font-mono text-xs">{stage.detail}</pre>
        </section>
      ) : null}
    </li>
  );
}

function useNote(stage: Stage, models: number, format: Format): string {
  const t = useMessages(providerMessages);
  if (stage.status !== "ok") return stage.status === "failed" ? "" : (stage.detail ?? "");
  if (stage.name === "models") return models > 0 ? t.count(format.number(models)) : (stage.detail ?? "");
  if (stage.name === "answer") return "";
  if (stage.name !== "stream") return stage.detail ?? "";
  return stage.chunks
    ? t.streamed(format.number(stage.chunks), format.duration(stage.first_byte_ms ?? 0))
    : t.unstreamed;
}
