"use client";

import { MoreHorizontal } from "lucide-react";
import Link from "next/link";
import { useEffect, useRef } from "react";
import type { Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Menu, MenuItem } from "@/components/ui/menu";
import { Badge, Card } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { historyMessages } from "@/messages/history";
import { Diff } from "./diff";
import { useSentence } from "./sentence";
import { fieldsOf, hindrance, placeOf } from "./values";

type Revision = Schemas["Revision"];

/** One change: who, when, what, and the way back. What was made or deleted is long, and folded. */
export function Entry({
  revision,
  open,
  onToggle,
  onOnly,
  onRevert,
}: {
  revision: Revision;
  /** It is the one that was asked for. */
  open: boolean;
  onToggle: (open: boolean) => void;
  /** Show the history of this thing alone. */
  onOnly: () => void;
  onRevert: () => void;
}) {
  const t = useMessages(historyMessages);
  const format = useFormat();
  const sentence = useSentence()(revision);
  const place = useRef<HTMLLIElement>(null);
  const asked = useRef(open);
  useEffect(() => {
    if (asked.current) place.current?.scrollIntoView({ block: "center" });
  }, []);
  const fields = fieldsOf(revision);
  const folded = revision.action === "create" || revision.action === "delete";
  const why = hindrance(revision);
  const link = placeOf(revision);
  return (
    <li ref={place}>
      <Card className="grid gap-3 p-3">
        <div className="flex items-start justify-between gap-3">
          <div className="min-w-0">
            <h2 className="break-words font-medium">{sentence}</h2>
            <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-muted-foreground text-xs">
              <time dateTime={revision.at} title={revision.at}>
                {format.time(revision.at)} ({format.ago(revision.at)})
              </time>
              <span>{t.revision(format.number(revision.id))}</span>
              <Actor kind={revision.actor_kind} />
            </p>
          </div>
          <div className="flex shrink-0 gap-1">
            {why ? null : (
              <Button aria-label={`${t.revert}: ${sentence}`} onClick={onRevert} size="small" variant="outline">
                {t.revert}
              </Button>
            )}
            <Menu
              trigger={
                <Button
                  aria-label={t.actions(t.revision(format.number(revision.id)))}
                  className="size-8"
                  size="icon"
                  variant="ghost"
                >
                  <MoreHorizontal />
                </Button>
              }
            >
              {link ? (
                <MenuItem asChild>
                  <Link href={link}>{t.open}</Link>
                </MenuItem>
              ) : null}
              <MenuItem onSelect={onOnly}>{t.only}</MenuItem>
            </Menu>
          </div>
        </div>
        {fields.length > 0 && folded ? (
          <details onToggle={(event) => onToggle(event.currentTarget.open)} open={open}>
            <summary className="w-fit cursor-pointer rounded-sm text-muted-foreground text-sm">
              {t.details(fields.length)}
            </summary>
            <div className="mt-2">
              <Diff action={revision.action} fields={fields} />
            </div>
          </details>
        ) : null}
        {fields.length > 0 && !folded ? <Diff action={revision.action} fields={fields} /> : null}
        {why ? <p className="text-muted-foreground text-xs">{t[why]}</p> : null}
      </Card>
    </li>
  );
}

function Actor({ kind }: { kind: Revision["actor_kind"] }) {
  const t = useMessages(historyMessages);
  if (kind === "session") return null;
  return <Badge>{kind === "token" ? t.byToken : kind === "environment" ? t.byEnvironment : t.byCommand}</Badge>;
}
