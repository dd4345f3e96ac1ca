"use client";

import { Tooltip as Base } from "radix-ui";

/** A remark that shows on hover and focus. Nothing may be only here: touch has no hover. */
export function Tooltip({ content, children }: { content: React.ReactNode; children: React.ReactNode }) {
  return (
    <Base.Root>
      <Base.Trigger asChild>{children}</Base.Trigger>
      <Base.Portal>
        <Base.Content
          className="z-50 max-w-xs rounded-md bg-foreground px-2 py-1 text-background text-xs"
          sideOffset={4}
        >
          {content}
        </Base.Content>
      </Base.Portal>
    </Base.Root>
  );
}
