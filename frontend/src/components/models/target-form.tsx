"use client";

import { useState } from "react";
import { api, data } from "@/api/client";
import { Button, SubmitButton } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input, Switch } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { useToast } from "@/components/ui/toast";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { changesOf, overtaken } from "./changes";
import { type Model, type Target, useRefresh } from "./queries";
import { labelOf } from "./story";
import { TargetFields } from "./target-fields";

const POINTERS = ["/provider_id", "/target_model", "/weight", "/priority", "/is_active"];

/** Adds a target, or changes one. */
export function TargetForm({ model, target, onClose }: { model: Model; target: Target | null; onClose: () => void }) {
  const t = useMessages(modelMessages);
  const toast = useToast();
  const refresh = useRefresh();
  const [before] = useState(target);
  const [active, setActive] = useState(target?.is_active ?? true);
  const submit = async (values: FormData) => {
    const text = (field: string) => String(values.get(field) ?? "").trim();
    const body = {
      provider_id: Number(text("provider")),
      target_model: text("target_model"),
      weight: Number(text("weight")),
      priority: Number(text("priority")),
      is_active: active,
    };
    const path = { model: model.name };
    if (target && before) {
      const params = { path: { ...path, target_id: target.id }, header: { "If-Match": target.etag } };
      const changes = changesOf(before, body);
      const save = () => data(api.PATCH("/api/admin/models/{model}/targets/{target_id}", { params, body: changes }));
      await overtaken(save, refresh, t.changed);
    } else {
      await api.POST("/api/admin/models/{model}/targets", { params: { path }, body });
    }
    toast.say(t.saved);
    onClose();
    await refresh();
  };
  return (
    <Dialog
      onOpenChange={onClose}
      open
      side
      title={target ? t.editTargetTitle(labelOf(target, model.targets)) : t.addTargetTitle}
    >
      <Form
        buttons={
          <div className="flex justify-end gap-2">
            <Button onClick={onClose} variant="outline">
              {t.cancel}
            </Button>
            <SubmitButton>{target ? t.save : t.addTarget}</SubmitButton>
          </div>
        }
        pointers={POINTERS}
        submit={submit}
      >
        <TargetFields pointer="" target={target ?? undefined} />
        <div className="grid items-start gap-4 sm:grid-cols-2">
          <Field hint={t.weightHint} label={t.weight} pointer="/weight">
            <Input
              defaultValue={target?.weight ?? 1}
              inputMode="numeric"
              max={1_000_000}
              min={1}
              name="weight"
              required
              type="number"
            />
          </Field>
          <Field hint={t.priorityHint} label={t.priorityLabel} pointer="/priority">
            <Input
              defaultValue={target?.priority ?? 0}
              inputMode="numeric"
              max={1_000_000}
              min={0}
              name="priority"
              required
              type="number"
            />
          </Field>
        </div>
        <Field label={t.isActive} pointer="/is_active">
          <Switch checked={active} onChange={setActive} />
        </Field>
      </Form>
    </Dialog>
  );
}
