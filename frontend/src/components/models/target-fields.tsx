"use client";

import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { api, data } from "@/api/client";
import { Field, Input, Select } from "@/components/ui/field";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { type Target, useProviders } from "./queries";

/** Which provider, and which of its models. Names already used with the provider are offered. */
export function TargetFields({ target, pointer }: { target?: Target; pointer: string }) {
  const t = useMessages(modelMessages);
  const list = useId();
  const { providers } = useProviders();
  const [chosen, setChosen] = useState(target?.provider_id);
  const models = useQuery({
    queryKey: ["models", "palette"],
    queryFn: () => data(api.GET("/api/admin/models", { params: { query: { page_size: 200 } } })),
  });
  const all = [...providers.values()];
  const provider = chosen ?? (all.find((one) => one.is_active) ?? all[0])?.id;
  const names = (models.data?.items ?? [])
    .flatMap((model) => model.targets)
    .filter((other) => other.provider_id === provider)
    .map((other) => other.target_model);
  return (
    <>
      <Field label={t.provider} pointer={`${pointer}/provider_id`}>
        <Select
          name="provider"
          onChange={(event) => setChosen(Number(event.target.value))}
          required
          value={provider ?? ""}
        >
          {all.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
              {one.is_active ? "" : ` (${t.inactive})`}
            </option>
          ))}
        </Select>
      </Field>
      <Field hint={t.targetModelHint} label={t.targetModel} pointer={`${pointer}/target_model`}>
        <Input
          autoComplete="off"
          className="font-mono"
          defaultValue={target?.target_model}
          list={list}
          maxLength={200}
          name="target_model"
          required
          spellCheck={false}
        />
      </Field>
      <datalist id={list}>
        {[...new Set(names)].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
