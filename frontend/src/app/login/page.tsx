"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { api, data } from "@/api/client";
import { SubmitButton } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { Card } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { SESSION } from "@/lib/query";
import { entryMessages } from "@/messages/entry";

export default function LoginPage() {
  const t = useMessages(entryMessages);
  const router = useRouter();
  const client = useQueryClient();
  const logIn = async (form: FormData) => {
    const body = { name: String(form.get("name")), password: String(form.get("password")) };
    client.setQueryData(SESSION, await data(api.POST("/api/admin/session", { body })));
    router.replace(destination());
  };
  return (
    <main className="mx-auto grid min-h-screen max-w-sm content-center p-4">
      <Card>
        <h1 className="mb-4 font-semibold text-xl">{t.logIn}</h1>
        <Form buttons={<SubmitButton>{t.logIn}</SubmitButton>} submit={logIn}>
          <Field label={t.name}>
            <Input autoComplete="username" autoFocus name="name" required />
          </Field>
          <Field label={t.password}>
            <Input autoComplete="current-password" name="password" required type="password" />
          </Field>
        </Form>
      </Card>
    </main>
  );
}

/** Where the visitor came from; only paths of this dashboard, never another site. */
function destination(): string {
  const next = new URLSearchParams(window.location.search).get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) ? next : "/";
}
