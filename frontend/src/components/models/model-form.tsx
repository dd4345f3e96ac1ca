"use client";

import Link from "next/link";
import { api, data } from "@/api/client";
import { Button, SubmitButton } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { Empty } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { type Model, useProviders, useRefresh } from "./queries";
import { StrategyField } from "./strategy";
import { TargetFields } from "./target-fields";

const POINTERS = ["/name", "/strategy", "/targets/0/provider_id", "/targets/0/target_model"];

/** Makes a model with its first target. All else is set on its own page. */
export function ModelForm({ onClose, onCreated }: { onClose: () => void; onCreated: (model: Model) => void }) {
  const t = useMessages(modelMessages);
  const refresh = useRefresh();
  const { providers, known } = useProviders();
  const submit = async (values: FormData) => {
    const text = (name: string) => String(values.get(name) ?? "").trim();
    const body = {
      name: text("name"),
      strategy: text("strategy") as Model["strategy"],
      targets: [{ provider_id: Number(text("provider")), target_model: text("target_model") }],
    };
    const created = await data(api.POST("/api/admin/models", { body }));
    onCreated(created);
    await refresh();
  };
  return (
    <Dialog onOpenChange={onClose} open side title={t.addTitle}>
      {known && providers.size === 0 ? (
        <Empty
          action={
            <Button asChild>
              <Link href="/providers/">{t.addProvider}</Link>
            </Button>
          }
          title={t.noProviders}
        />
      ) : (
        <Form
          buttons={
            <div className="flex justify-end gap-2">
              <Button onClick={onClose} variant="outline">
                {t.cancel}
              </Button>
              <SubmitButton>{t.create}</SubmitButton>
            </div>
          }
          pointers={POINTERS}
          submit={submit}
        >
          <Field hint={t.nameHint} label={t.name} pointer="/name">
            <Input autoComplete="off" maxLength={200} name="name" required spellCheck={false} />
          </Field>
          <fieldset className="grid gap-4 rounded-md border p-3">
            <legend className="px-1 font-medium text-sm">{t.firstTarget}</legend>
            <TargetFields pointer="/targets/0" />
          </fieldset>
          <StrategyField />
        </Form>
      )}
    </Dialog>
  );
}
