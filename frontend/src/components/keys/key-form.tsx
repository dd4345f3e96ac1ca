"use client";

import { useQueryClient } from "@tanstack/react-query";
import { ApiError, api, data, type Schemas } from "@/api/client";
import { Button, SubmitButton } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input, Textarea } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { useToast } from "@/components/ui/toast";
import { useMessages } from "@/lib/i18n";
import { keyMessages } from "@/messages/keys";
import { localTime, readMetadata, showMetadata } from "./values";

type ApiKey = Schemas["ApiKey"];

const POINTERS = ["/name", "/allowed_models", "/requests_per_minute", "/expires_at", "/tags", "/metadata"];

/** Makes a key, or changes one. A key just made is handed on: its value is shown once. */
export function KeyForm({
  apiKey,
  onClose,
  onCreated,
}: {
  apiKey: ApiKey | null;
  onClose: () => void;
  onCreated: (created: Schemas["ApiKeyCreated"]) => void;
}) {
  const t = useMessages(keyMessages);
  const client = useQueryClient();
  const toast = useToast();
  const submit = async (values: FormData) => {
    const text = (name: string) => String(values.get(name) ?? "").trim();
    const wrong: string[] = [];
    const metadata = readMetadata(text("metadata"), wrong);
    if (wrong[0] !== undefined) {
      const message = t.badMetadata(wrong[0]);
      throw new ApiError(422, "metadata", message, [{ pointer: "/metadata", code: "metadata", message }]);
    }
    const models = text("models").split(/\s+/).filter(Boolean);
    const body = {
      name: text("name"),
      allowed_models: models.length > 0 ? models : null,
      requests_per_minute: text("limit") ? Number(text("limit")) : null,
      expires_at: text("expires") ? new Date(text("expires")).toISOString() : null,
      tags: text("tags")
        .split(",")
        .map((tag) => tag.trim())
        .filter(Boolean),
      metadata,
    };
    if (apiKey) {
      await api.PATCH("/api/admin/api-keys/{key_id}", {
        params: { path: { key_id: apiKey.id }, header: { "If-Match": apiKey.etag } },
        body,
      });
      toast.say(t.saved);
      onClose();
    } else {
      onCreated(await data(api.POST("/api/admin/api-keys", { body })));
    }
    await client.invalidateQueries({ queryKey: ["api-keys"] });
  };
  return (
    <Dialog onOpenChange={onClose} open side title={apiKey ? t.editTitle(apiKey.name) : t.addTitle}>
      <Form
        buttons={
          <div className="flex justify-end gap-2">
            <Button onClick={onClose} variant="outline">
              {t.cancel}
            </Button>
            <SubmitButton>{apiKey ? t.save : t.create}</SubmitButton>
          </div>
        }
        pointers={POINTERS}
        submit={submit}
      >
        <Field hint={t.nameHint} label={t.name} pointer="/name">
          <Input autoComplete="off" defaultValue={apiKey?.name} maxLength={100} name="name" required />
        </Field>
        <Field hint={t.modelsHint} label={t.models} pointer="/allowed_models">
          <Textarea
            className="font-mono"
            defaultValue={apiKey?.allowed_models?.join("\n")}
            name="models"
            rows={3}
            spellCheck={false}
          />
        </Field>
        <Field hint={t.limitHint} label={t.limitLabel} pointer="/requests_per_minute">
          <Input
            defaultValue={apiKey?.requests_per_minute ?? ""}
            inputMode="numeric"
            max={1_000_000}
            min={1}
            name="limit"
            type="number"
          />
        </Field>
        <Field hint={t.expiresHint} label={t.expiresLabel} pointer="/expires_at">
          <Input defaultValue={localTime(apiKey?.expires_at)} name="expires" type="datetime-local" />
        </Field>
        <Field hint={t.tagsHint} label={t.tags} pointer="/tags">
          <Input autoComplete="off" defaultValue={apiKey?.tags.join(", ")} name="tags" spellCheck={false} />
        </Field>
        <Field hint={t.metadataHint} label={t.metadata} pointer="/metadata">
          <Textarea
            className="font-mono"
            defaultValue={showMetadata(apiKey?.metadata)}
            name="metadata"
            rows={3}
            spellCheck={false}
          />
        </Field>
      </Form>
    </Dialog>
  );
}
