"use client";

import { useState } from "react";
import { Checkbox, Field, Input, Textarea } from "@/components/ui/field";
import { useFault } from "@/components/ui/form";
import { useMessages } from "@/lib/i18n";
import { providerMessages } from "@/messages/providers";
import { type Provider, showHeaders, TIMEOUTS } from "./values";

/** What most providers never need: timeouts, headers, notes, and whether the certificate counts. */
export function Advanced({ provider }: { provider: Provider | null }) {
  const t = useMessages(providerMessages);
  const changed =
    provider !== null &&
    (!provider.verify_tls ||
      provider.notes !== "" ||
      Object.keys(provider.headers).length > 0 ||
      TIMEOUTS.some((name) => provider[name] !== null));
  const [open, setOpen] = useState(changed);
  const faulty = [useFault("/headers"), useFault("/notes"), ...TIMEOUTS.map((name) => `/${name}`).map(useFault)].some(
    Boolean,
  );
  const labels = {
    connect_timeout: t.connectTimeout,
    first_byte_timeout: t.firstByteTimeout,
    idle_timeout: t.idleTimeout,
    total_timeout: t.totalTimeout,
  };
  return (
    <details
      className="rounded-md border"
      onToggle={(event) => setOpen(event.currentTarget.open)}
      open={open || faulty}
    >
      <summary className="cursor-pointer rounded-md px-3 py-2 font-medium text-sm">{t.advanced}</summary>
      <div className="grid gap-4 p-3 pt-1">
        <div className="grid grid-cols-2 gap-3">
          {TIMEOUTS.map((name) => (
            <Field key={name} label={labels[name]} pointer={`/${name}`}>
              <Input
                defaultValue={provider?.[name] ?? ""}
                inputMode="decimal"
                max={86400}
                min={0.001}
                name={name}
                step="any"
                type="number"
              />
            </Field>
          ))}
          <p className="col-span-2 text-muted-foreground text-xs">{t.timeoutHint}</p>
        </div>
        <Field hint={t.headersHint} label={t.headers} pointer="/headers">
          <Textarea
            className="font-mono"
            defaultValue={showHeaders(provider?.headers)}
            name="headers"
            rows={3}
            spellCheck={false}
          />
        </Field>
        <Field label={t.notes} pointer="/notes">
          <Textarea defaultValue={provider?.notes} maxLength={2000} name="notes" rows={2} />
        </Field>
        <Checkbox defaultChecked={provider?.verify_tls ?? true} label={t.verifyTls} name="verify_tls" />
      </div>
    </details>
  );
}
