"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Button, SubmitButton } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { ErrorNote, Skeleton } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { providerMessages } from "@/messages/providers";
import type { Provider } from "./values";

/** Asks before a provider is disabled or deleted, and says what the traffic of the last day would have lost. */
export function Loss({
  what,
  provider,
  act,
  onClose,
}: {
  what: "disable" | "remove";
  provider: Provider;
  act: () => Promise<unknown>;
  onClose: () => void;
}) {
  const t = useMessages(providerMessages);
  const [typed, setTyped] = useState("");
  const impact = useQuery({
    queryKey: ["providers", "impact", provider.id],
    queryFn: () =>
      data(api.GET("/api/admin/providers/{provider_id}/impact", { params: { path: { provider_id: provider.id } } })),
    staleTime: 0,
  });
  const removing = what === "remove";
  const inTheWay = removing ? (impact.data?.used_by ?? []) : [];
  const mustType = removing && inTheWay.length === 0 && (impact.data?.without_other ?? 0) > 0;
  return (
    <Dialog onOpenChange={onClose} open title={removing ? t.removeTitle(provider.name) : t.disableTitle(provider.name)}>
      <Form
        buttons={
          <div className="flex justify-end gap-2">
            <Button onClick={onClose} variant="outline">
              {t.cancel}
            </Button>
            <SubmitButton
              disabled={impact.isPending || inTheWay.length > 0 || (mustType && typed !== provider.name)}
              variant="danger"
            >
              {removing ? t.remove : t.disable}
            </SubmitButton>
          </div>
        }
        submit={async () => {
          await act();
          onClose();
        }}
      >
        <p className="text-sm">{removing ? t.removeText : t.disableText}</p>
        {impact.isPending ? <Skeleton className="h-10" /> : null}
        {impact.data ? <Sentence impact={impact.data} /> : null}
        <ErrorNote error={impact.error} retry={() => impact.refetch()} />
        {inTheWay.length > 0 ? (
          <div className="text-sm">
            <p>{t.usedBy}</p>
            <ul className="list-disc pl-5">
              {inTheWay.map((name) => (
                <li key={name}>
                  <Link
                    className="break-all text-primary underline"
                    href={`/models/view/?name=${encodeURIComponent(name)}`}
                  >
                    {name}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ) : null}
        {mustType ? (
          <Field label={t.typeName(provider.name)}>
            <Input autoComplete="off" onChange={(event) => setTyped(event.target.value)} value={typed} />
          </Field>
        ) : null}
      </Form>
    </Dialog>
  );
}

function Sentence({ impact }: { impact: Schemas["ProviderImpact"] }) {
  const t = useMessages(providerMessages);
  const format = useFormat();
  if (impact.requests === 0) return <p className="text-muted-foreground text-sm">{t.unused}</p>;
  const partly = impact.judged < impact.requests;
  return (
    <div className="grid gap-1 text-sm">
      {impact.without_other > 0 ? (
        <>
          <p className="font-medium text-destructive">
            {t.stranded(format.number(impact.without_other), t.models(impact.model_count), t.keys(impact.key_count))}
          </p>
          <p className="break-words text-muted-foreground text-xs">
            {t.named(names(impact.models), names(impact.keys))}
          </p>
        </>
      ) : (
        <p>{t.unharmed(format.number(impact.requests))}</p>
      )}
      {partly ? (
        <p className="text-muted-foreground text-xs">
          {t.judged(format.number(impact.judged), format.number(impact.requests))}
        </p>
      ) : null}
    </div>
  );
}

function names(items: Schemas["ImpactItem"][]): string {
  return items.map(({ name }) => name ?? "–").join(", ");
}
