"use client";

import { useMemo, useState } from "react";
import { Button } from "@/components/ui/button";
import { Badge, Card } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { recordMessages } from "@/messages/log";
import { answerMessages, type Message, type Part, requestMessages } from "../transcript";
import type { Record } from "../verdict";
import { BodyNotes, Plain } from "./body";
import { Stored } from "./stored";

const LARGE = 256 * 1024;

/** Request and answer as a conversation. Texts are shown as text: no markup in them means anything here. */
export function Messages({ record }: { record: Record }) {
  const t = useMessages(recordMessages);
  return (
    <Stored record={record}>
      {(payload) => (
        <div className="grid gap-6">
          <Side body={payload.request_body} read={requestMessages} size={record.request_size} title={t.request} />
          <Side body={payload.response_body} read={answerMessages} size={record.response_size} title={t.answer} />
        </div>
      )}
    </Stored>
  );
}

function Side({
  title,
  body,
  size,
  read,
}: {
  title: string;
  body: NonNullable<Record["payload"]>["request_body"];
  size: number;
  read: (text: string) => Message[] | null;
}) {
  const t = useMessages(recordMessages);
  const format = useFormat();
  const [open, setOpen] = useState(body.text.length <= LARGE);
  const messages = useMemo(() => (open && body.encoding === "utf-8" ? read(body.text) : null), [body, read, open]);
  return (
    <section aria-label={title} className="grid min-w-0 gap-2">
      <h2 className="font-medium">{title}</h2>
      <BodyNotes body={body} size={size} />
      {body.text === "" ? <p className="text-muted-foreground">{t.noBody}</p> : null}
      {open ? null : (
        <Button className="justify-self-start" onClick={() => setOpen(true)} size="small" variant="outline">
          {t.large(format.bytes(body.text.length))}
        </Button>
      )}
      {messages?.map((message, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: messages of a record do not move
        <MessageCard key={index} message={message} />
      ))}
      {open && messages === null && body.text !== "" ? (
        <>
          <p className="text-muted-foreground text-sm">{t.notUnderstood}</p>
          <Plain text={body.text} />
        </>
      ) : null}
    </section>
  );
}

function MessageCard({ message }: { message: Message }) {
  const t = useMessages(recordMessages);
  return (
    <Card
      className={cn(
        "grid min-w-0 gap-2 p-3",
        message.role === "user" && "border-l-4 border-l-series-1",
        message.role === "assistant" && "border-l-4 border-l-series-2",
        message.role === "error" && "border-l-4 border-l-series-4",
      )}
    >
      <h3 className="font-medium text-muted-foreground text-xs">{t.role(message.role)}</h3>
      {message.parts.length === 0 ? <p className="text-muted-foreground">{t.noBody}</p> : null}
      {message.parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of a message do not move
        <PartView key={index} part={part} />
      ))}
    </Card>
  );
}

function PartView({ part }: { part: Part }) {
  const t = useMessages(recordMessages);
  if (part.kind === "text") {
    return <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{part.text}</p>;
  }
  const names = {
    thinking: t.thinking,
    refusal: t.refusalPart,
    media: t.media,
    result: t.result,
    other: t.other,
    call: part.kind === "call" ? t.call(part.name) : "",
  };
  return (
    <div className="grid min-w-0 gap-1">
      <p className="flex min-w-0 flex-wrap items-center gap-2">
        <Badge className="max-w-full whitespace-normal [overflow-wrap:anywhere]">{names[part.kind]}</Badge>
        {part.kind === "call" || part.kind === "result" ? (
          <span className="min-w-0 break-all font-mono text-muted-foreground text-xs">{part.id}</span>
        ) : null}
      </p>
      {part.kind === "thinking" || part.kind === "refusal" ? (
        <p className="whitespace-pre-wrap text-muted-foreground [overflow-wrap:anywhere]">{part.text}</p>
      ) : (
        <Plain text={part.text} />
      )}
    </div>
  );
}
