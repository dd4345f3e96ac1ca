"use client";

import { Popover } from "radix-ui";
import { useMemo } from "react";
import { Button } from "@/components/ui/button";
import { useMessages } from "@/lib/i18n";
import { logMessages } from "@/messages/logs";
import type { Picked } from "./columns";

/** What can be done with a value of the table. One for all cells: hundreds of them would be slow. */
export function CellMenu({
  place,
  picked,
  onChoose,
  onClose,
}: {
  place: HTMLElement;
  picked: Picked;
  onChoose: (wanted: boolean) => void;
  onClose: () => void;
}) {
  const t = useMessages(logMessages);
  const anchor = useMemo(() => ({ current: place }), [place]);
  const choose = (wanted: boolean) => {
    onClose();
    onChoose(wanted);
  };
  return (
    <Popover.Root onOpenChange={onClose} open>
      <Popover.Anchor virtualRef={anchor} />
      <Popover.Portal>
        <Popover.Content
          align="start"
          aria-label={t.values(picked.label)}
          className="z-50 grid max-w-72 gap-1 rounded-md border bg-card p-1 shadow-md"
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            place.focus();
          }}
          sideOffset={4}
        >
          <p className="truncate px-2 pt-1 font-mono text-muted-foreground text-xs">
            {picked.value === null ? t.none : String(picked.value)}
          </p>
          <Button className="justify-start" onClick={() => choose(true)} size="small" variant="ghost">
            {t.include}
          </Button>
          <Button className="justify-start" onClick={() => choose(false)} size="small" variant="ghost">
            {t.exclude}
          </Button>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
