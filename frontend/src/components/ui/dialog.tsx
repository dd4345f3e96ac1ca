"use client";

import { X } from "lucide-react";
import { Dialog as Base } from "radix-ui";
import { useState } from "react";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { frameMessages } from "@/messages/frame";
import { Button } from "./button";
import { useReturnFocus } from "./return-focus";
import { ErrorNote } from "./states";

/** A window over the page, or with `side` a drawer at its right edge for forms. Focus stays inside, Escape closes. */
export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  side = false,
  children,
  className,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: React.ReactNode;
  description?: React.ReactNode;
  side?: boolean;
  children: React.ReactNode;
  className?: string;
}) {
  const t = useMessages(frameMessages);
  const returnFocus = useReturnFocus();
  return (
    <Base.Root onOpenChange={onOpenChange} open={open}>
      <Base.Portal>
        <Base.Overlay className="data-[state=open]:fade-in fixed inset-0 z-40 bg-black/50 data-[state=open]:animate-in" />
        <Base.Content
          {...(description ? {} : { "aria-describedby": undefined })}
          {...returnFocus}
          className={cn(
            "fixed z-50 flex flex-col gap-4 overflow-y-auto border bg-card p-5 shadow-lg",
            side
              ? "inset-y-0 right-0 w-full max-w-xl"
              : "top-1/2 left-1/2 max-h-[90vh] w-[calc(100%-2rem)] max-w-lg -translate-x-1/2 -translate-y-1/2 rounded-lg",
            className,
          )}
        >
          <div className="flex items-start justify-between gap-4">
            <div className="min-w-0">
              <Base.Title className="break-words font-semibold text-lg">{title}</Base.Title>
              {description ? (
                <Base.Description className="text-muted-foreground">{description}</Base.Description>
              ) : null}
            </div>
            <Base.Close asChild>
              <Button aria-label={t.close} className="-mt-1 -mr-2" size="icon" variant="ghost">
                <X />
              </Button>
            </Base.Close>
          </div>
          {children}
        </Base.Content>
      </Base.Portal>
    </Base.Root>
  );
}

/** Asks before something is done that cannot be taken back. `act` may fail: the window stays and says why. */
export function Confirm({
  open,
  onOpenChange,
  title,
  children,
  action,
  cancel,
  act,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: React.ReactNode;
  children?: React.ReactNode;
  action: string;
  cancel: string;
  act: () => Promise<unknown>;
}) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async () => {
    setBusy(true);
    setError(null);
    try {
      await act();
      onOpenChange(false);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      onOpenChange={(next) => {
        setError(null);
        onOpenChange(next);
      }}
      open={open}
      title={title}
    >
      {children ? <div className="text-sm">{children}</div> : null}
      <ErrorNote error={error} />
      <div className="flex justify-end gap-2">
        <Button onClick={() => onOpenChange(false)} variant="outline">
          {cancel}
        </Button>
        <Button disabled={busy} onClick={run} variant="danger">
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
