"use client";

import { useQueryClient } from "@tanstack/react-query";
import { api, data, type Schemas } from "@/api/client";
import { Button, SubmitButton } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Select } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { useMessages } from "@/lib/i18n";
import { keyMessages } from "@/messages/keys";

const HOUR = 3600;

/** Gives a key a new value; the old one goes on working for as long as is chosen. */
export function Rotate({
  apiKey,
  onClose,
  onCreated,
}: {
  apiKey: Schemas["ApiKey"];
  onClose: () => void;
  onCreated: (created: Schemas["ApiKeyCreated"]) => void;
}) {
  const t = useMessages(keyMessages);
  const client = useQueryClient();
  return (
    <Dialog description={t.rotateText} onOpenChange={onClose} open title={t.rotateTitle(apiKey.name)}>
      <Form
        buttons={
          <div className="flex justify-end gap-2">
            <Button onClick={onClose} variant="outline">
              {t.cancel}
            </Button>
            <SubmitButton>{t.rotate}</SubmitButton>
          </div>
        }
        submit={async (values) => {
          const created = await data(
            api.POST("/api/admin/api-keys/{key_id}/rotate", {
              params: { path: { key_id: apiKey.id }, header: { "If-Match": apiKey.etag } },
              body: { overlap_seconds: Number(values.get("overlap")) },
            }),
          );
          onCreated(created);
          await client.invalidateQueries({ queryKey: ["api-keys"] });
        }}
      >
        <Field label={t.overlap}>
          <Select defaultValue={24 * HOUR} name="overlap">
            <option value={0}>{t.hours(0)}</option>
            <option value={HOUR}>{t.hours(1)}</option>
            <option value={24 * HOUR}>{t.days(1)}</option>
            <option value={7 * 24 * HOUR}>{t.days(7)}</option>
            <option value={30 * 24 * HOUR}>{t.days(30)}</option>
          </Select>
        </Field>
      </Form>
    </Dialog>
  );
}
