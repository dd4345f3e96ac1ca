"use client";

import { Columns3 } from "lucide-react";
import { Popover } from "radix-ui";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { Checkbox } from "@/components/ui/field";
import { useMessages } from "@/lib/i18n";
import { logMessages } from "@/messages/logs";
import { COLUMNS } from "./columns";

const STORED = "log-columns";
const USUAL = Object.fromEntries(COLUMNS.map(({ id, usual }) => [id, usual]));

type Visible = Record<string, boolean>;

/** Which columns are seen. The browser remembers it. */
export function useColumns(): [Visible, (visible: Visible) => void] {
  const [visible, setVisible] = useState<Visible>(USUAL);
  useEffect(() => {
    try {
      const chosen: unknown = JSON.parse(localStorage.getItem(STORED) ?? "null");
      if (Array.isArray(chosen)) setVisible(Object.fromEntries(COLUMNS.map(({ id }) => [id, chosen.includes(id)])));
    } catch {
      localStorage.removeItem(STORED);
    }
  }, []);
  return [
    visible,
    (next) => {
      setVisible(next);
      const chosen = COLUMNS.filter(({ id }) => next[id]).map(({ id }) => id);
      localStorage.setItem(STORED, JSON.stringify(chosen));
    },
  ];
}

export function ColumnMenu({ visible, onChange }: { visible: Visible; onChange: (visible: Visible) => void }) {
  const t = useMessages(logMessages);
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <Button aria-label={t.columns} size="icon" variant="outline">
          <Columns3 />
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          aria-label={t.columns}
          className="z-50 grid gap-2 rounded-md border bg-card p-3 shadow-md"
          sideOffset={4}
        >
          {COLUMNS.map((column) => (
            <Checkbox
              checked={visible[column.id]}
              disabled={column.id === "time"}
              key={column.id}
              label={column.header(t)}
              onChange={(event) => onChange({ ...visible, [column.id]: event.target.checked })}
            />
          ))}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
