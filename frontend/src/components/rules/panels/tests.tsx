"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, Pencil, Play, Plus, Trash2, X } from "lucide-react";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Badge, Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { useToast } from "@/components/ui/toast";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import { type TestDraft, TestForm } from "./test-form";

type RuleTest = Schemas["RuleTest"];

/** The tests kept with the model and what comes of them with the rules as stored. */
export function Tests({ model, onTry }: { model: string; onTry?: (sample: Schemas["Sample"]) => void }) {
  const t = useMessages(ruleMessages);
  const toast = useToast();
  const client = useQueryClient();
  const [form, setForm] = useState<TestDraft | null>(null);
  const [removing, setRemoving] = useState<RuleTest | null>(null);
  const path = { model };
  const tests = useQuery({
    queryKey: ["rule-tests", model],
    queryFn: () => data(api.GET("/api/admin/models/{model}/tests", { params: { path, query: { page_size: 200 } } })),
  });
  const refresh = () => client.invalidateQueries({ queryKey: ["rule-tests", model] });
  const run = async () => {
    try {
      const ran = await data(api.POST("/api/admin/models/{model}/tests/run", { params: { path } }));
      toast.say(t.ran(ran.passed, ran.failed));
      await refresh();
    } catch (error) {
      toast.fail(error);
    }
  };
  const add = (
    <Button onClick={() => setForm({})} size="small" variant="outline">
      <Plus />
      {t.addTest}
    </Button>
  );
  const items = tests.data?.items ?? [];
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap gap-2">
        {items.length > 0 ? add : null}
        {items.length > 0 ? (
          <Button onClick={run} size="small" variant="outline">
            <Play />
            {t.runTests}
          </Button>
        ) : null}
      </div>
      <ErrorNote error={tests.error} retry={() => tests.refetch()} />
      {tests.isPending ? <Skeleton className="h-24" /> : null}
      {tests.data && items.length === 0 ? (
        <Empty action={add} title={t.noTests}>
          {t.noTestsHint}
        </Empty>
      ) : null}
      <ul className="grid gap-2">
        {items.map((test) => (
          <li className="grid gap-2 rounded-md border p-3 text-sm" key={test.id}>
            <p className="flex flex-wrap items-center gap-2">
              <Badge tone={test.result.passed ? "good" : "bad"}>
                {test.result.passed ? <Check aria-hidden className="size-3" /> : <X aria-hidden className="size-3" />}
                {test.result.passed ? t.passed : t.failed}
              </Badge>
              <span className="min-w-0 break-words font-medium">{test.name}</span>
            </p>
            {test.result.message ? <p className="break-words text-xs">{test.result.message}</p> : null}
            {test.result.passed
              ? null
              : test.result.refusals.map((refusal) => (
                  <p className="break-words text-muted-foreground text-xs" key={refusal.target_id}>
                    {t.refuser(refusal.target ?? t.theModel, refusal.refused_by)}
                  </p>
                ))}
            <div className="flex flex-wrap gap-2">
              {onTry ? (
                <Button onClick={() => onTry(test.request)} size="small" variant="outline">
                  {t.tryTest}
                </Button>
              ) : null}
              <Button aria-label={t.editTest(test.name)} onClick={() => setForm({ test })} size="small" variant="ghost">
                <Pencil />
              </Button>
              <Button
                aria-label={t.removeTest(test.name)}
                onClick={() => setRemoving(test)}
                size="small"
                variant="ghost"
              >
                <Trash2 />
              </Button>
            </div>
          </li>
        ))}
      </ul>
      {form ? (
        <TestForm
          draft={form}
          model={model}
          onClose={() => setForm(null)}
          onSaved={async () => {
            setForm(null);
            await refresh();
          }}
        />
      ) : null}
      <Confirm
        act={async () => {
          if (!removing) return;
          await api.DELETE("/api/admin/models/{model}/tests/{test_id}", {
            params: { path: { model, test_id: removing.id }, header: { "If-Match": removing.etag } },
          });
          await refresh();
        }}
        action={t.remove}
        cancel={t.cancel}
        onOpenChange={(open) => {
          if (!open) setRemoving(null);
        }}
        open={removing !== null}
        title={t.removeTest(removing?.name ?? "")}
      >
        {t.removeTestText}
      </Confirm>
    </div>
  );
}
