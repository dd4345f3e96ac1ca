"use client";

import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Select, Textarea } from "@/components/ui/field";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import { readJson } from "./json";

type Sample = Schemas["Sample"];

/** The request that is tried: one of the log, or one written down. */
export type Subject = { kind: "log"; id: string } | { kind: "sample"; sample: Sample };

/** The document types a body as an object of nothing known. */
const EXAMPLE = {
  headers: { "x-priority": "high" },
  body: { temperature: 0.4, messages: [{ role: "user", content: "Hello" }] },
} as unknown as Sample;

/** Chooses one of the last requests of the model, or takes one as JSON. */
export function SubjectPicker({
  model,
  subject,
  onSubject,
}: {
  model: string;
  subject: Subject | null;
  onSubject: (subject: Subject | null) => void;
}) {
  const t = useMessages(ruleMessages);
  const format = useFormat();
  const logs = useQuery({
    queryKey: ["logs", "recent", model],
    queryFn: () => data(api.GET("/api/admin/logs", { params: { query: { requested_model: model, page_size: 20 } } })),
  });
  const items = logs.data?.items ?? [];
  const listed = subject?.kind === "log" && items.some((item) => item.request_id === subject.id);
  return (
    <div className="grid gap-2">
      <Select
        aria-label={t.request}
        onChange={(event) => {
          const id = event.target.value;
          if (id === "") onSubject(null);
          else onSubject(id === "sample" ? { kind: "sample", sample: EXAMPLE } : { kind: "log", id });
        }}
        value={subject === null ? "" : subject.kind === "log" ? subject.id : "sample"}
      >
        <option value="">{items.length > 0 ? t.pickRequest : t.noRequests}</option>
        <option value="sample">{t.ownRequest}</option>
        {subject?.kind === "log" && !listed ? <option value={subject.id}>{subject.id}</option> : null}
        {items.map((item) => (
          <option key={item.request_id} value={item.request_id}>
            {`${format.time(item.request_time)} · ${item.status} · ${item.provider ?? t.nobody} · ${item.api_key_name ?? "–"}`}
          </option>
        ))}
      </Select>
      {subject?.kind === "sample" ? (
        <SampleText
          key={JSON.stringify(subject.sample)}
          onSample={(sample) => onSubject({ kind: "sample", sample })}
          sample={subject.sample}
        />
      ) : null}
    </div>
  );
}

function SampleText({ sample, onSample }: { sample: Sample; onSample: (sample: Sample) => void }) {
  const t = useMessages(ruleMessages);
  const id = useId();
  const [text, setText] = useState(() => JSON.stringify(sample, null, 2));
  const [fault, setFault] = useState<string | null>(null);
  const take = () => {
    const read = readJson<Sample>(text);
    setFault("fault" in read ? t.badJson(read.fault) : null);
    if ("value" in read) onSample(read.value);
  };
  return (
    <div className="grid gap-2">
      <Textarea
        aria-describedby={id}
        aria-invalid={fault !== null || undefined}
        aria-label={t.ownRequest}
        className="min-h-40 font-mono text-xs"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) take();
        }}
        spellCheck={false}
        value={text}
      />
      <div className="flex flex-wrap items-center gap-3">
        <Button onClick={take} size="small" variant="outline">
          {t.tryIt}
        </Button>
        <p className={fault ? "text-destructive text-xs" : "text-muted-foreground text-xs"} id={id} role="status">
          {fault ?? t.sampleHint}
        </p>
      </div>
    </div>
  );
}
