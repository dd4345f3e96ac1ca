"use client";

import Link from "next/link";
import { Button } from "@/components/ui/button";
import { Empty } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { recordMessages } from "@/messages/log";
import type { Record } from "../verdict";

/** What needs the stored bodies and headers; where there are none, which settings decide about that. */
export function Stored({
  record,
  children,
}: {
  record: Record;
  children: (payload: NonNullable<Record["payload"]>) => React.ReactNode;
}) {
  const t = useMessages(recordMessages);
  if (record.payload === null) {
    return (
      <Empty
        action={
          <Button asChild variant="outline">
            <Link href="/settings/">{t.toSettings}</Link>
          </Button>
        }
        title={t.notStored}
      >
        {t.notStoredWhy}
      </Empty>
    );
  }
  return (
    <div className="grid min-w-0 gap-3">
      {record.payload.is_redacted ? <p className="text-muted-foreground text-sm">{t.redacted}</p> : null}
      {children(record.payload)}
    </div>
  );
}
