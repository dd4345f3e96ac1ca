"use client";

import { Button } from "@/components/ui/button";
import { Confirm, Dialog } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import { changedShare } from "./replay";
import type { useSave } from "./use-save";

type Saving = ReturnType<typeof useSave>;

export function SaveBar({
  saving,
  valid,
  onFormat,
  onReset,
}: {
  saving: Saving;
  valid: boolean;
  onFormat: () => void;
  onReset: () => void;
}) {
  const t = useMessages(ruleMessages);
  const shown =
    saving.refused?.faults.every((fault) => fault.code === "test_failed") && saving.refused.faults.length > 0;
  return (
    <div className="grid gap-3">
      {shown ? null : <ErrorNote error={saving.error} />}
      <div className="flex flex-wrap items-center gap-2">
        <Button disabled={!saving.dirty || !valid || saving.busy} onClick={saving.save}>
          {t.save}
        </Button>
        <Button aria-keyshortcuts="Shift+Alt+F" onClick={onFormat} title="Shift+Alt+F" variant="outline">
          {t.format}
        </Button>
        {saving.dirty ? (
          <Button disabled={saving.busy} onClick={onReset} variant="ghost">
            {t.reset}
          </Button>
        ) : null}
        <span className="text-muted-foreground text-xs" role="status">
          {saving.busy ? t.saving : saving.dirty ? t.unsaved : t.isSaved}
        </span>
      </div>
      <p className="text-muted-foreground text-xs">{t.keys}</p>
    </div>
  );
}

/** Asks before much changes, and shows what somebody else has stored meanwhile. */
export function SaveDialogs({
  saving,
  text,
  onTheirs,
}: {
  saving: Saving;
  text: string;
  onTheirs: (text: string) => void;
}) {
  const t = useMessages(ruleMessages);
  const format = useFormat();
  const { asking, conflict } = saving;
  return (
    <>
      <Confirm
        act={() => saving.answer(true)}
        action={t.saveAnyway}
        cancel={t.cancel}
        onOpenChange={(open) => {
          if (!open) void saving.answer(false);
        }}
        open={asking !== null}
        title={t.muchTitle}
      >
        {asking
          ? t.muchText(
              format.number(asking.changed),
              format.number(asking.evaluated),
              format.percent(changedShare(asking)),
            )
          : null}
      </Confirm>
      <Dialog
        description={t.conflictText}
        onOpenChange={(open) => {
          if (!open) saving.dismiss();
        }}
        open={conflict !== null}
        title={t.conflictTitle}
      >
        <div className="grid gap-3">
          <Version label={t.theirs} text={conflict?.text ?? ""} />
          <Version label={t.yours} text={text} />
        </div>
        <div className="flex flex-wrap justify-end gap-2">
          <Button
            onClick={() => {
              onTheirs(conflict?.text ?? "");
              void saving.settle(false);
            }}
            variant="outline"
          >
            {t.takeTheirs}
          </Button>
          <Button onClick={() => saving.settle(true)} variant="danger">
            {t.keepMine}
          </Button>
        </div>
      </Dialog>
    </>
  );
}

function Version({ label, text }: { label: string; text: string }) {
  return (
    <div className="grid gap-1">
      <p className="font-medium text-sm">{label}</p>
      <pre className="max-h-48 overflow-auto whitespace-pre-wrap break-words rounded-md border bg-muted p-2 font-mono text-xs">
        {text || "–"}
      </pre>
    </div>
  );
}
