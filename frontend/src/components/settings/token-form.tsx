"use client";

import { useQueryClient } from "@tanstack/react-query";
import { api, data, type Schemas } from "@/api/client";
import { Button, SubmitButton } from "@/components/ui/button";
import { Code } from "@/components/ui/copy";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { useMessages } from "@/lib/i18n";
import { settingMessages } from "@/messages/settings";

type Created = Schemas["AdminTokenCreated"];

/** Makes a token, and hands it on: its value is shown once. */
export function TokenForm({ onClose, onCreated }: { onClose: () => void; onCreated: (created: Created) => void }) {
  const t = useMessages(settingMessages);
  const client = useQueryClient();
  const submit = async (values: FormData) => {
    const expires = String(values.get("expires") ?? "");
    const body = {
      name: String(values.get("name")).trim(),
      expires_at: expires ? new Date(expires).toISOString() : null,
    };
    onCreated(await data(api.POST("/api/admin/tokens", { body })));
    await client.invalidateQueries({ queryKey: ["tokens"] });
  };
  return (
    <Dialog onOpenChange={onClose} open side title={t.addToken}>
      <Form
        buttons={
          <div className="flex justify-end gap-2">
            <Button onClick={onClose} variant="outline">
              {t.cancel}
            </Button>
            <SubmitButton>{t.makeToken}</SubmitButton>
          </div>
        }
        pointers={["/name", "/expires_at"]}
        submit={submit}
      >
        <Field hint={t.tokenNameHint} label={t.name} pointer="/name">
          <Input autoComplete="off" maxLength={64} name="name" required />
        </Field>
        <Field hint={t.expiresHint} label={t.expiresAt} pointer="/expires_at">
          <Input name="expires" type="datetime-local" />
        </Field>
      </Form>
    </Dialog>
  );
}

/** Shows the value of a token once: here, and nowhere else. */
export function TokenValue({ created, onClose }: { created: Created; onClose: () => void }) {
  const t = useMessages(settingMessages);
  return (
    <Dialog description={t.tokenOnce} onOpenChange={onClose} open title={t.tokenTitle(created.name)}>
      <Code text={created.token} />
      <div className="flex justify-end">
        <Button onClick={onClose}>{t.done}</Button>
      </div>
    </Dialog>
  );
}
