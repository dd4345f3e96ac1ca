"use client";

import { useState } from "react";
import type { Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/copy";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { recordMessages } from "@/messages/log";

/** Longer texts are shown when asked for. */
const LARGE = 256 * 1024;

/** A text as it is; a very long one behind a button. */
export function Plain({ text, className }: { text: string; className?: string }) {
  const t = useMessages(recordMessages);
  const format = useFormat();
  const [open, setOpen] = useState(false);
  if (text.length > LARGE && !open) {
    return (
      <Button onClick={() => setOpen(true)} size="small" variant="outline">
        {t.large(format.bytes(text.length))}
      </Button>
    );
  }
  return (
    <div className="relative">
      <pre
        className={cn(
          "max-h-[36rem] overflow-auto whitespace-pre-wrap rounded-md border bg-muted p-3 pr-14 font-mono text-xs [overflow-wrap:anywhere]",
          className,
        )}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
      >
        {text}
      </pre>
      <CopyButton className="absolute top-1.5 right-1.5 bg-card" text={text} />
    </div>
  );
}

/** What is not all of a stored body is said above it. */
export function BodyNotes({ body, size }: { body: Schemas["LogBody"]; size: number }) {
  const t = useMessages(recordMessages);
  const format = useFormat();
  const stored = new Blob([body.text]).size;
  return (
    <>
      {body.truncated ? (
        <p className="text-sm text-warning">{t.cutBody(format.bytes(stored), format.bytes(Math.max(size, stored)))}</p>
      ) : null}
      {body.encoding === "base64" ? <p className="text-muted-foreground text-sm">{t.binary}</p> : null}
    </>
  );
}
