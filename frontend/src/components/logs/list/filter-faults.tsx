"use client";

import { spanIn } from "@/components/rules/code/tokens";
import { Button } from "@/components/ui/button";
import { useMessages } from "@/lib/i18n";
import { logMessages } from "@/messages/logs";
import type { Checked } from "./language";

/** The faults of a filter under the piece of text they stand in, with their ways out. */
export function Faults({ checked, onMend }: { checked: Checked; onMend: (text: string) => void }) {
  const t = useMessages(logMessages);
  const { text } = checked;
  return (
    <div aria-live="polite" className="grid gap-2 empty:hidden">
      {checked.faults.slice(0, 3).map((fault) => {
        const span = spanIn(text, fault.span);
        const edit = fault.edit;
        const mended = edit ? spanIn(text, edit.span) : null;
        return (
          <div className="grid gap-1" key={`${fault.code}${span.start}`}>
            <code aria-hidden className="whitespace-pre-wrap break-words font-mono text-xs">
              {text.slice(0, span.start)}
              <span className="text-destructive underline decoration-wavy underline-offset-4">
                {text.slice(span.start, span.end) || " "}
              </span>
              {text.slice(span.end)}
            </code>
            <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-destructive text-xs">
              <span>
                {fault.message}
                {fault.suggestion ? ` – ${fault.suggestion}` : ""}
              </span>
              {edit && mended ? (
                <Button
                  onClick={() => onMend(text.slice(0, mended.start) + edit.text + text.slice(mended.end))}
                  size="none"
                  variant="link"
                >
                  {t.mend(edit.text)}
                </Button>
              ) : null}
            </p>
          </div>
        );
      })}
    </div>
  );
}
