"use client";

import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { messages, useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { Button } from "./button";

const texts = messages({ en: { copy: "Copy", copied: "Copied" }, zh: { copy: "复制", copied: "已复制" } });

/** Copies a text; the mark says that it has. */
export function CopyButton({ text, label, className }: { text: string; label?: string; className?: string }) {
  const t = useMessages(texts);
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <Button
      aria-label={label ? undefined : t.copy}
      className={className}
      onClick={async () => {
        await copy(text);
        setDone(true);
      }}
      size={label ? "small" : "icon"}
      variant="outline"
    >
      {done ? <Check /> : <Copy />}
      {label ? (done ? t.copied : label) : null}
      <span aria-live="polite" className="sr-only">
        {done ? t.copied : ""}
      </span>
    </Button>
  );
}

/** Browsers have `navigator.clipboard` over HTTPS and on localhost only; elsewhere the old way still works. */
async function copy(text: string) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Text to be copied, as it is. */
export function Code({ text, className }: { text: string; className?: string }) {
  return (
    <div className={cn("relative rounded-md border bg-muted", className)}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre className="overflow-x-auto p-3 pr-14 font-mono text-xs" tabIndex={0}>
        {text}
      </pre>
      <CopyButton className="absolute top-1.5 right-1.5" text={text} />
    </div>
  );
}
