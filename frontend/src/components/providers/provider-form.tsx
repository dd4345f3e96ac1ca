"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, type Schemas } from "@/api/client";
import { Button, SubmitButton } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { useToast } from "@/components/ui/toast";
import { useMessages } from "@/lib/i18n";
import { providerMessages } from "@/messages/providers";
import { Advanced } from "./advanced";
import { ConnectionTest } from "./connection-test";
import { PRESETS } from "./presets";
import { type Provider, readForm, TIMEOUTS } from "./values";

/** A credential that begins so names an environment variable. */
const ENV = "env:";

const POINTERS = [
  "/name",
  "/protocol",
  "/base_url",
  "/credential",
  "/headers",
  "/notes",
  ...TIMEOUTS.map((name) => `/${name}`),
];

/** Adds a provider, or changes one; either can be tested before it is saved. */
export function ProviderForm({
  provider,
  testAtOnce = false,
  onClose,
}: {
  provider: Provider | null;
  testAtOnce?: boolean;
  onClose: () => void;
}) {
  const t = useMessages(providerMessages);
  const client = useQueryClient();
  const toast = useToast();
  const [name, setName] = useState(provider?.name ?? "");
  const [protocol, setProtocol] = useState<Schemas["Protocol"]>(provider?.protocol ?? "openai");
  const [baseUrl, setBaseUrl] = useState(provider?.base_url ?? "");
  const choose = (chosen: string) => {
    const preset = PRESETS.find((each) => each.name === chosen);
    if (!preset) return;
    if (name === "" || PRESETS.some(({ slug }) => slug === name)) setName(preset.slug);
    setProtocol(preset.protocol);
    setBaseUrl(preset.baseUrl);
  };
  const read = (values: FormData) => {
    const wrong: string[] = [];
    const fields = readForm(values, wrong);
    if (wrong[0] !== undefined) throw at("/headers", t.badHeader(wrong[0]));
    return fields;
  };
  const submit = async (values: FormData) => {
    const body = read(values);
    try {
      if (provider) {
        await api.PATCH("/api/admin/providers/{provider_id}", {
          params: { path: { provider_id: provider.id }, header: { "If-Match": provider.etag } },
          body,
        });
      } else await api.POST("/api/admin/providers", { body });
    } catch (error) {
      throw placed(error, t.credentialMoved);
    }
    toast.say(provider ? t.saved : t.wasAdded(body.name));
    onClose();
    await client.invalidateQueries({ queryKey: ["providers"] });
  };
  const draft = (form: HTMLFormElement): Schemas["ProviderDraftTest"] | null => {
    // The name does not matter to a test; the rest is what the browser and the API say of it.
    const address = form.elements.namedItem("base_url") as HTMLInputElement;
    if (!address.reportValidity()) return null;
    const values = new FormData(form);
    const { name: _, notes: __, ...fields } = readForm(values, []);
    return {
      ...fields,
      provider_id: provider?.id ?? null,
      model: String(values.get("test_model") ?? "").trim() || null,
    };
  };
  return (
    <Dialog onOpenChange={onClose} open side title={provider ? t.editTitle(provider.name) : t.addTitle}>
      <Form
        buttons={
          <div className="flex justify-end gap-2">
            <Button onClick={onClose} variant="outline">
              {t.cancel}
            </Button>
            <SubmitButton>{provider ? t.save : t.create}</SubmitButton>
          </div>
        }
        className="grid min-w-0 gap-4"
        pointers={POINTERS}
        submit={submit}
      >
        {provider ? null : (
          <Field hint={t.presetHint} label={t.preset}>
            <Select defaultValue="" onChange={(event) => choose(event.target.value)}>
              <option value="">{t.other}</option>
              {PRESETS.map((preset) => (
                <option key={preset.slug}>{preset.name}</option>
              ))}
            </Select>
          </Field>
        )}
        <Field hint={t.nameHint} label={t.name} pointer="/name">
          <Input
            autoComplete="off"
            maxLength={100}
            name="name"
            onChange={(event) => setName(event.target.value)}
            required
            spellCheck={false}
            value={name}
          />
        </Field>
        <Field label={t.protocol} pointer="/protocol">
          <Select
            name="protocol"
            onChange={(event) => setProtocol(event.target.value as Schemas["Protocol"])}
            value={protocol}
          >
            <option value="openai">OpenAI</option>
            <option value="anthropic">Anthropic</option>
          </Select>
        </Field>
        <Field hint={t.baseUrlHint} label={t.baseUrl} pointer="/base_url">
          <Input
            autoComplete="off"
            className="font-mono"
            maxLength={2000}
            name="base_url"
            onChange={(event) => setBaseUrl(event.target.value)}
            required
            spellCheck={false}
            type="url"
            value={baseUrl}
          />
        </Field>
        <Credential provider={provider} />
        <Advanced provider={provider} />
        <ConnectionTest atOnce={testAtOnce} draft={draft} />
      </Form>
    </Dialog>
  );
}

/** Goes in and never comes out. What names an environment variable is no secret and can be read while it is typed. */
function Credential({ provider }: { provider: Provider | null }) {
  const t = useMessages(providerMessages);
  const [value, setValue] = useState("");
  const hint = provider?.credential_hint;
  const kept = hint ? t.credentialKept(hint.startsWith(ENV) ? hint : `…${hint}`) : t.credentialStored;
  return (
    <div className="grid gap-2">
      <Field hint={t.credentialHint} label={t.credential} pointer="/credential">
        <Input
          autoComplete="new-password"
          className="font-mono"
          maxLength={8192}
          name="credential"
          onChange={(event) => setValue(event.target.value)}
          placeholder={provider?.credential_set ? kept : t.credentialNone}
          spellCheck={false}
          type={value.startsWith(ENV) ? "text" : "password"}
          value={value}
        />
      </Field>
      {provider?.credential_set ? <Checkbox label={t.noCredential} name="no_credential" /> : null}
    </div>
  );
}

function at(pointer: string, message: string): ApiError {
  return new ApiError(422, "form", message, [{ pointer, code: "form", message }]);
}

/** Refusals without a pointer put where they belong, and those of single headers at their field. */
function placed(error: unknown, credentialMoved: string): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.code === "name_taken") return at("/name", error.message);
  if (error.code === "credential_required") return at("/credential", credentialMoved);
  const faults = error.faults.map((fault) =>
    fault.pointer.startsWith("/headers/") ? { ...fault, pointer: "/headers" } : fault,
  );
  return new ApiError(error.status, error.code, error.message, faults, error.requestId);
}
