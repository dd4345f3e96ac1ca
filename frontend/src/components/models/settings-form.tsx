"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, data } from "@/api/client";
import { Button, SubmitButton } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input, Textarea } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { useToast } from "@/components/ui/toast";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { changesOf, overtaken } from "./changes";
import { type Model, modelKey, useDefaults, useRefresh } from "./queries";
import { Statuses } from "./statuses";
import { StrategyField } from "./strategy";

const NUMBERS = ["retry_max_attempts", "retry_delay_ms", "retry_max_delay_ms", "max_attempts_total"] as const;
const POINTERS = ["/name", "/strategy", "/notes", "/final_statuses", ...NUMBERS.map((name) => `/${name}`)];

/** Name, strategy, retries and notes of a model. */
export function SettingsForm({
  model,
  onClose,
  onSaved,
}: {
  model: Model;
  onClose: () => void;
  onSaved: (model: Model) => void;
}) {
  const t = useMessages(modelMessages);
  const format = useFormat();
  const toast = useToast();
  const client = useQueryClient();
  const refresh = useRefresh();
  const defaults = useDefaults();
  const [before] = useState(model);
  const [name, setName] = useState(model.name);
  const [statuses, setStatuses] = useState(model.final_statuses);
  const submit = async (values: FormData) => {
    const text = (field: string) => String(values.get(field) ?? "").trim();
    const number = (field: string) => (text(field) === "" ? null : Number(text(field)));
    const body = changesOf(before, {
      name: text("name"),
      strategy: text("strategy") as Model["strategy"],
      notes: text("notes"),
      final_statuses: statuses,
      retry_max_attempts: number("retry_max_attempts"),
      retry_delay_ms: number("retry_delay_ms"),
      retry_max_delay_ms: number("retry_max_delay_ms"),
      max_attempts_total: number("max_attempts_total"),
    });
    const params = { path: { model: model.name }, header: { "If-Match": model.etag } };
    const save = () => data(api.PATCH("/api/admin/models/{model}", { params, body }));
    const saved = await overtaken(save, refresh, t.changed).catch((error) => {
      throw placed(error);
    });
    toast.say(t.saved);
    client.setQueryData(modelKey(saved.name), saved);
    onSaved(saved);
    await refresh(saved.name === model.name ? undefined : model.name);
  };
  const ms = (value: number | undefined) => (value === undefined ? "…" : format.number(value));
  const field = (key: (typeof NUMBERS)[number], label: string, hint: string, min: number, max: number) => (
    <Field hint={hint} label={label} pointer={`/${key}`}>
      <Input defaultValue={model[key] ?? ""} inputMode="numeric" max={max} min={min} name={key} type="number" />
    </Field>
  );
  return (
    <Dialog onOpenChange={onClose} open side title={t.editTitle(model.name)}>
      <Form
        buttons={
          <div className="flex justify-end gap-2">
            <Button onClick={onClose} variant="outline">
              {t.cancel}
            </Button>
            <SubmitButton>{t.save}</SubmitButton>
          </div>
        }
        pointers={POINTERS}
        submit={submit}
      >
        <Field hint={name.trim() === before.name ? t.nameHint : t.nameChange} label={t.name} pointer="/name">
          <Input
            autoComplete="off"
            maxLength={200}
            name="name"
            onChange={(event) => setName(event.target.value)}
            required
            spellCheck={false}
            value={name}
          />
        </Field>
        <StrategyField value={model.strategy} />
        <fieldset className="grid gap-4 rounded-md border p-3">
          <legend className="px-1 font-medium text-sm">{t.retries}</legend>
          <div className="grid items-start gap-4 sm:grid-cols-2">
            {field("retry_max_attempts", t.attempts, t.attemptsHint(ms(defaults?.attempts)), 1, 100)}
            {field("max_attempts_total", t.attemptsTotal, t.attemptsHint(ms(defaults?.attemptsTotal)), 1, 1000)}
            {field("retry_delay_ms", t.delay, t.attemptsHint(ms(defaults?.delayMs)), 0, 600_000)}
            {field("retry_max_delay_ms", t.maxDelay, t.maxDelayHint(ms(defaults?.maxDelayMs)), 0, 600_000)}
          </div>
          <Statuses onChange={setStatuses} value={statuses} />
        </fieldset>
        <Field hint={t.notesHint} label={t.notes} pointer="/notes">
          <Textarea defaultValue={model.notes} name="notes" rows={3} />
        </Field>
      </Form>
    </Dialog>
  );
}

/** A fault of one status belongs to the field of all. */
function placed(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const faults = error.faults.map((fault) =>
    fault.pointer.startsWith("/final_statuses/") ? { ...fault, pointer: "/final_statuses" } : fault,
  );
  return new ApiError(error.status, error.code, error.message, faults, error.requestId);
}
