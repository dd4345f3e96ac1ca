"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Code } from "@/components/ui/copy";
import { Confirm, Dialog } from "@/components/ui/dialog";
import { Field, Select } from "@/components/ui/field";
import { ErrorNote } from "@/components/ui/states";
import { Tab, Tabs } from "@/components/ui/tabs";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { keyMessages } from "@/messages/keys";

/** Shows the value of a key once: here, and nowhere else. It lives in the state of this window alone. */
export function KeyValue({ created, onClose }: { created: Schemas["ApiKeyCreated"]; onClose: () => void }) {
  const t = useMessages(keyMessages);
  const format = useFormat();
  const [tab, setTab] = useState("value");
  const [copied, setCopied] = useState(false);
  const [asking, setAsking] = useState(false);
  const models = useQuery({ queryKey: ["models", "names"], queryFn: activeModels });
  const names = (models.data?.items ?? [])
    .map((model) => model.name)
    .filter((name) => created.allowed_models?.includes(name) ?? true);
  const [chosen, setChosen] = useState("");
  const model = chosen || names[0] || "";
  const close = () => (copied ? onClose() : setAsking(true));
  const samples = snippets(created.value, model || "MODEL");
  return (
    <Dialog description={t.once} onOpenChange={close} open title={t.onceTitle}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it only notices that something was copied */}
      <div
        className="grid min-w-0 gap-4"
        onClick={() => setCopied(true)}
        onCopy={() => setCopied(true)}
        onKeyDown={() => {}}
      >
        <Tabs
          onChange={setTab}
          tabs={[
            ["value", t.value],
            ["env", t.env],
            ["curl", "curl"],
            ["python", "Python"],
            ["typescript", "TypeScript"],
          ]}
          value={tab}
        >
          {Object.entries(samples).map(([name, text]) => (
            <Tab key={name} value={name}>
              <Code text={text} />
            </Tab>
          ))}
        </Tabs>
      </div>
      {created.previous_valid_until ? (
        <p className="text-muted-foreground text-sm">{t.oldUntil(format.time(created.previous_valid_until))}</p>
      ) : null}
      {names.length > 0 ? (
        <TestCall model={model} names={names} onModel={setChosen} value={created.value} />
      ) : (
        <p className="text-muted-foreground text-sm">{models.data ? t.noModels : null}</p>
      )}
      <div className="flex justify-end">
        <Button onClick={close}>{t.done}</Button>
      </div>
      <Confirm
        act={async () => onClose()}
        action={t.close}
        cancel={t.keep}
        onOpenChange={setAsking}
        open={asking}
        title={t.sureClose}
      >
        {t.sureCloseText}
      </Confirm>
    </Dialog>
  );
}

/** Out here, since the query cache keeps the function it asks with, and with that all a function inside could see. */
const activeModels = () =>
  data(api.GET("/api/admin/models", { params: { query: { page_size: 200, is_active: true } } }));

interface Outcome {
  status: number;
  ms: number;
  text: string;
  requestId: string | null;
}

function TestCall({
  value,
  model,
  names,
  onModel,
}: {
  value: string;
  model: string;
  names: string[];
  onModel: (name: string) => void;
}) {
  const t = useMessages(keyMessages);
  const format = useFormat();
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [error, setError] = useState<unknown>(null);
  const send = async () => {
    setBusy(true);
    setOutcome(null);
    setError(null);
    try {
      setOutcome(await testCall(value, model));
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="grid gap-3 rounded-md border p-3">
      <div className="flex flex-wrap items-end gap-2">
        <Field className="min-w-40 flex-1" label={t.testModel}>
          <Select onChange={(event) => onModel(event.target.value)} value={model}>
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </Field>
        <Button disabled={busy} onClick={send} variant="outline">
          {t.test}
        </Button>
      </div>
      <div aria-live="polite" className="text-sm">
        {busy ? t.testing : null}
        {outcome ? (
          <div className="grid gap-2">
            <p className={outcome.status < 400 ? "text-success" : "text-destructive"}>
              {outcome.status < 400
                ? t.testOk(outcome.status, format.duration(outcome.ms))
                : t.testFailed(outcome.status)}{" "}
              {outcome.requestId ? (
                <Link className="text-primary underline" href={`/logs/view/?id=${outcome.requestId}`}>
                  {t.seeInLogs}
                </Link>
              ) : null}
            </p>
            <pre className="max-h-40 overflow-auto whitespace-pre-wrap break-words rounded-md bg-muted p-2 font-mono text-xs">
              {outcome.text}
            </pre>
          </div>
        ) : null}
        <ErrorNote error={error} />
      </div>
    </section>
  );
}

/** A call as a program makes it, through the proxy. */
async function testCall(value: string, model: string): Promise<Outcome> {
  const started = performance.now();
  const call = (path: string, headers: Record<string, string>) =>
    fetch(path, {
      method: "POST",
      credentials: "omit",
      headers: { "content-type": "application/json", authorization: `Bearer ${value}`, ...headers },
      body: JSON.stringify({ model, max_tokens: 32, messages: [{ role: "user", content: "Say hello." }] }),
    });
  let answer = await call("/v1/chat/completions", {});
  // A model whose providers all speak Anthropic's protocol.
  if (answer.status === 422) answer = await call("/v1/messages", { "anthropic-version": "2023-06-01" });
  const text = await answer.text();
  return {
    status: answer.status,
    ms: performance.now() - started,
    text: text.slice(0, 4000),
    requestId: answer.headers.get("x-request-id"),
  };
}

function snippets(value: string, model: string): Record<string, string> {
  const base = `${window.location.origin}/v1`;
  return {
    value,
    env: `OPENAI_BASE_URL=${base}\nOPENAI_API_KEY=${value}\nANTHROPIC_BASE_URL=${window.location.origin}\nANTHROPIC_API_KEY=${value}`,
    curl: `curl ${base}/chat/completions \\\n  -H 'authorization: Bearer ${value}' \\\n  -H 'content-type: application/json' \\\n  -d '${JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] })}'`,
    python: `from openai import OpenAI\n\nclient = OpenAI(base_url="${base}", api_key="${value}")\nanswer = client.chat.completions.create(\n    model="${model}", messages=[{"role": "user", "content": "Hello"}]\n)\nprint(answer.choices[0].message.content)`,
    typescript: `import OpenAI from "openai";\n\nconst client = new OpenAI({ baseURL: "${base}", apiKey: "${value}" });\nconst answer = await client.chat.completions.create({\n  model: "${model}",\n  messages: [{ role: "user", content: "Hello" }],\n});\nconsole.log(answer.choices[0].message.content);`,
  };
}
