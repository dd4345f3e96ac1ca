"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { api, data } from "@/api/client";
import { SubmitButton } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { Card } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { SESSION } from "@/lib/query";
import { entryMessages } from "@/messages/entry";

export default function SetupPage() {
  const t = useMessages(entryMessages);
  const router = useRouter();
  const client = useQueryClient();
  const [token, setToken] = useState("");
  // The link printed at the first start carries the token behind `#`, which browsers send nowhere.
  useEffect(() => setToken(new URLSearchParams(window.location.hash.slice(1)).get("token") ?? ""), []);
  const setUp = async (form: FormData) => {
    const body = { token, name: String(form.get("name")), password: String(form.get("password")) };
    client.setQueryData(SESSION, await data(api.POST("/api/admin/setup", { body })));
    router.replace("/");
  };
  return (
    <main className="mx-auto grid min-h-screen max-w-sm content-center p-4">
      <Card>
        <h1 className="mb-1 font-semibold text-xl">{t.setUp}</h1>
        <p className="mb-4 text-muted-foreground">{t.setUpHint}</p>
        <Form buttons={<SubmitButton>{t.begin}</SubmitButton>} submit={setUp}>
          <Field hint={t.tokenHint} label={t.token}>
            <Input
              autoComplete="off"
              className="font-mono"
              onChange={(event) => setToken(event.target.value.trim())}
              required
              value={token}
            />
          </Field>
          <Field label={t.name}>
            <Input autoComplete="username" defaultValue="admin" maxLength={100} name="name" required />
          </Field>
          <Field hint={t.newPasswordHint} label={t.newPassword}>
            <Input autoComplete="new-password" minLength={12} name="password" required type="password" />
          </Field>
        </Form>
      </Card>
    </main>
  );
}
