"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api } from "@/api/client";
import { useSession } from "@/components/frame/session";
import { SubmitButton } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { Card } from "@/components/ui/states";
import { useToast } from "@/components/ui/toast";
import { useMessages } from "@/lib/i18n";
import { SESSION } from "@/lib/query";
import { settingMessages } from "@/messages/settings";

/** The password of the one who is logged in. */
export function Account() {
  const t = useMessages(settingMessages);
  const session = useSession();
  const client = useQueryClient();
  const toast = useToast();
  // A form that has been sent begins anew: passwords don't stay on the page.
  const [sent, setSent] = useState(0);
  if (session.kind !== "session") return <p>{t.asToken}</p>;
  const submit = async (values: FormData) => {
    if (values.get("next") !== values.get("again")) {
      throw new ApiError(422, "different", t.different, [
        { pointer: "/again", code: "different", message: t.different },
      ]);
    }
    await api.PUT("/api/admin/session/password", {
      body: { current_password: String(values.get("current")), new_password: String(values.get("next")) },
    });
    setSent(sent + 1);
    toast.say(t.changed);
    await client.invalidateQueries({ queryKey: SESSION });
  };
  return (
    <Card className="max-w-md">
      <p className="mb-4 text-muted-foreground">{t.accountAbout}</p>
      <Form
        buttons={<SubmitButton className="justify-self-start">{t.change}</SubmitButton>}
        key={sent}
        pointers={["/current_password", "/new_password", "/again"]}
        submit={submit}
      >
        <Field label={t.user}>
          <Input autoComplete="username" name="user" readOnly value={session.name} />
        </Field>
        <Field label={t.current} pointer="/current_password">
          <Input autoComplete="current-password" maxLength={256} name="current" required type="password" />
        </Field>
        <Field hint={t.nextHint} label={t.next} pointer="/new_password">
          <Input autoComplete="new-password" maxLength={256} minLength={12} name="next" required type="password" />
        </Field>
        <Field label={t.again} pointer="/again">
          <Input autoComplete="new-password" maxLength={256} name="again" required type="password" />
        </Field>
      </Form>
    </Card>
  );
}
