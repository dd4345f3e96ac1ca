"use client";

import { Pencil } from "lucide-react";
import Link from "next/link";
import { lazy, Suspense, useId } from "react";
import { Button } from "@/components/ui/button";
import { Switch } from "@/components/ui/field";
import { PageHead } from "@/components/ui/page";
import { Badge, Card, Skeleton } from "@/components/ui/states";
import { Tab, Tabs } from "@/components/ui/tabs";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { useModelActions } from "./actions";
import { Facts } from "./facts";
import { ModelFindings } from "./findings";
import { type Model, useAnalysis } from "./queries";
import { RuleLine } from "./rule-line";
import { SettingsForm } from "./settings-form";
import { Strip } from "./strip";
import { TargetList } from "./target-list";

const Tests = lazy(async () => ({ default: (await import("@/components/rules/panels/tests")).Tests }));

/** One model: what it is, what a request for it meets, its targets, findings and tests. */
export function ModelView({
  model,
  tab,
  onTab,
  editing,
  onEdit,
  onRenamed,
  onRemoved,
}: {
  model: Model;
  tab: string;
  onTab: (tab: string) => void;
  editing: boolean;
  onEdit: (editing: boolean) => void;
  onRenamed: (name: string) => void;
  onRemoved: () => void;
}) {
  const t = useMessages(modelMessages);
  const { toggle, remove, question } = useModelActions({ onRemoved });
  const count = useAnalysis(model).data?.findings.length;
  const label = useId();
  return (
    <>
      <p className="mb-1 text-sm">
        <Link className="text-muted-foreground hover:underline" href="/models/">
          {t.title}
        </Link>
      </p>
      <PageHead title={<span className="break-all">{model.name}</span>}>
        <div className="flex items-center gap-2 px-1 text-sm">
          <span id={label}>{t.isOn}</span>
          <Switch aria-labelledby={label} checked={model.is_active} onChange={() => toggle(model)} />
        </div>
        <Button asChild variant="outline">
          <Link href={`/logs/?requested_model=${encodeURIComponent(model.name)}`}>{t.seeLogs}</Link>
        </Button>
        <Button onClick={() => onEdit(true)} variant="outline">
          <Pencil />
          {t.edit}
        </Button>
        <Button onClick={() => remove(model)} variant="danger">
          {t.remove}
        </Button>
      </PageHead>
      <div className="grid min-w-0 gap-4">
        <Card className="grid gap-4">
          <Facts model={model} />
          <div className="grid gap-1 border-t pt-3">
            <h2 className="text-muted-foreground text-xs">{t.rule}</h2>
            <RuleLine empty={t.noRule} label={t.wholeModel} model={model.name} rule={model.rule} />
          </div>
        </Card>
        <Strip model={model} />
        <Tabs
          onChange={onTab}
          tabs={[
            ["targets", t.targets],
            [
              "findings",
              <span className="flex items-center gap-1.5" key="findings">
                {t.findings}
                {count ? <Badge>{count}</Badge> : null}
              </span>,
            ],
            ["tests", t.tests],
          ]}
          value={tab}
        >
          <Tab className="min-w-0" value="targets">
            <TargetList model={model} />
          </Tab>
          <Tab className="min-w-0" value="findings">
            <ModelFindings model={model} />
          </Tab>
          <Tab className="min-w-0" value="tests">
            <Suspense fallback={<Skeleton className="h-32" />}>
              <Tests model={model.name} />
            </Suspense>
          </Tab>
        </Tabs>
      </div>
      {editing ? (
        <SettingsForm
          model={model}
          onClose={() => onEdit(false)}
          onSaved={(saved) => (saved.name === model.name ? onEdit(false) : onRenamed(saved.name))}
        />
      ) : null}
      {question}
    </>
  );
}
