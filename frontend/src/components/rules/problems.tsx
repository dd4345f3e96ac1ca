"use client";

import { AlertTriangle, Info } from "lucide-react";
import { useEffect } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import type { Checked, Refused } from "./code/services";
import { type Span, spanIn } from "./code/tokens";

/** What the rule says in plain words, and what is wrong with it: by keyboard and for those who do not see underlines. */
export function Problems({
  id,
  model,
  text,
  view,
  checked,
  refused,
  onChecked,
  onFix,
  onShow,
}: {
  id: string;
  model: string;
  text: string;
  view: "text" | "builder";
  checked: Checked | null;
  refused: Refused | null;
  onChecked: (checked: Checked) => void;
  onFix: (edit: Schemas["RuleEdit"]) => void;
  onShow: (span: Span) => void;
}) {
  const t = useMessages(ruleMessages);
  const stale = checked?.text !== text;
  useEffect(() => {
    // With the builder open no editor checks.
    if (view === "text" || !stale) return;
    const gone = new AbortController();
    const body = { text, vocabulary: "rules" as const, model };
    data(api.POST("/api/admin/rules/check", { body, signal: gone.signal })).then(
      (result) => onChecked({ text, result }),
      () => {},
    );
    return () => gone.abort();
  }, [view, stale, text, model, onChecked]);
  const result = checked?.result;
  const failed = refused?.faults.filter((fault) => fault.code === "test_failed") ?? [];
  return (
    <div className="grid gap-2">
      <p className="min-h-10 whitespace-pre-wrap break-words text-muted-foreground text-sm" id={id}>
        {result?.words ?? (result ? t.noWords : "")}
      </p>
      <ul aria-label={t.problems} aria-live="polite" className="grid gap-2">
        {result?.diagnostics.map((found) => (
          <li
            className="flex flex-wrap items-start gap-2 text-sm"
            key={`${found.code}-${found.span.start}-${found.span.end}`}
          >
            {found.severity === "error" ? (
              <AlertTriangle aria-hidden className="mt-0.5 size-4 shrink-0 text-destructive" />
            ) : (
              <Info aria-hidden className="mt-0.5 size-4 shrink-0 text-warning" />
            )}
            <span className="min-w-0 flex-1 break-words">
              <span className="text-muted-foreground">{found.severity === "error" ? t.error : t.warning}: </span>
              {found.message}
              {found.suggestion ? <span className="block text-muted-foreground">{found.suggestion}</span> : null}
            </span>
            {view === "text" && !stale ? (
              <span className="flex gap-1">
                <Button onClick={() => onShow(spanIn(text, found.span))} size="small" variant="ghost">
                  {t.show}
                </Button>
                {found.edit ? (
                  <Button
                    onClick={() => found.edit && onFix(found.edit)}
                    size="small"
                    title={found.edit.text}
                    variant="outline"
                  >
                    {t.fix}
                  </Button>
                ) : null}
              </span>
            ) : null}
          </li>
        ))}
        {failed.map((fault) => (
          <li className="flex items-start gap-2 text-sm" key={fault.message}>
            <AlertTriangle aria-hidden className="mt-0.5 size-4 shrink-0 text-destructive" />
            <span className="min-w-0 break-words">{fault.message}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
