"use client";

import { ArrowDown, ArrowUp, GripVertical, MoreHorizontal } from "lucide-react";
import Link from "next/link";
import { Button } from "@/components/ui/button";
import { Menu, MenuItem, MenuSeparator } from "@/components/ui/menu";
import { Badge } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { modelMessages } from "@/messages/models";
import { type Model, type Target, useProviders } from "./queries";
import { RuleLine } from "./rule-line";
import { labelOf } from "./story";

export interface Traffic {
  /** Share of the requests it begins with by the strategy; undefined out of use, or where it can't be foreseen. */
  planned: number | undefined;
  /** Rules have a say in it. */
  ruled: boolean;
  requests: number;
  total: number;
}

/** One target of a model: where it stands, what it takes, what it got. */
export function TargetCard({
  model,
  target,
  place,
  traffic,
  onEdit,
  onToggle,
  onRemove,
  onStep,
  onGrab,
  className,
}: {
  model: Model;
  target: Target;
  place: number;
  /** Null until known. */
  traffic: Traffic | null;
  onEdit: () => void;
  onToggle: () => void;
  onRemove: () => void;
  onStep: (towards: "up" | "down") => void;
  onGrab: () => void;
  className?: string;
}) {
  const t = useMessages(modelMessages);
  const provider = useProviders().providers.get(target.provider_id);
  const label = labelOf(target, model.targets);
  const alone = model.targets.length < 2;
  return (
    <li className={cn("relative flex gap-2 rounded-lg border bg-card p-3", className)}>
      <div className="flex shrink-0 flex-col items-center gap-1">
        <button
          aria-label={t.drag(label)}
          className="grid h-8 w-6 cursor-grab touch-none place-content-center rounded text-muted-foreground hover:bg-accent disabled:opacity-40"
          disabled={alone}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            event.preventDefault();
            onGrab();
          }}
          tabIndex={-1}
          type="button"
        >
          <GripVertical aria-hidden className="size-4" />
        </button>
        <span aria-hidden className="text-muted-foreground text-xs tabular-nums">
          {place + 1}
        </span>
      </div>
      <div className="grid min-w-0 flex-1 gap-2">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <Link
            className="min-w-0 break-all font-medium hover:underline"
            href={`/providers/?open=${target.provider_id}`}
          >
            {target.provider}
          </Link>
          <span className="min-w-0 break-all font-mono text-xs">{target.target_model}</span>
          {provider ? <Badge>{t[provider.protocol]}</Badge> : null}
          <Figure used={model.strategy === "weighted"} label={t.weight} value={target.weight} />
          <Figure used={model.strategy === "priority"} label={t.priorityLabel} value={target.priority} />
          {target.is_active ? null : <Badge tone="bad">{t.inactive}</Badge>}
          {provider?.is_active === false ? <Badge tone="bad">{t.providerOff}</Badge> : null}
        </div>
        <RuleLine empty={t.noTargetRule} label={label} model={model.name} rule={target.rule} target={target.id} />
        <Bars traffic={traffic} />
      </div>
      <div className="flex shrink-0 flex-col items-center sm:flex-row sm:items-start">
        {(["up", "down"] as const).map((towards) => (
          <Button
            aria-label={towards === "up" ? t.up(label) : t.down(label)}
            data-move={`${towards}-${target.id}`}
            disabled={towards === "up" ? place === 0 : place === model.targets.length - 1}
            key={towards}
            onClick={() => onStep(towards)}
            size="icon"
            variant="ghost"
          >
            {towards === "up" ? <ArrowUp /> : <ArrowDown />}
          </Button>
        ))}
        <Menu
          trigger={
            <Button aria-label={t.actions(label)} size="icon" variant="ghost">
              <MoreHorizontal />
            </Button>
          }
        >
          <MenuItem onSelect={onEdit}>{t.editTarget}</MenuItem>
          <MenuItem onSelect={onToggle}>{target.is_active ? t.turnOff : t.turnOn}</MenuItem>
          <MenuSeparator />
          <MenuItem danger onSelect={onRemove}>
            {t.remove}
          </MenuItem>
        </Menu>
      </div>
    </li>
  );
}

/** A number of the target where the strategy goes by it. */
function Figure({ used, label, value }: { used: boolean; label: string; value: number }) {
  const format = useFormat();
  if (!used) return null;
  return (
    <Badge tone="primary">
      {label} {format.number(value)}
    </Badge>
  );
}

/** What was planned and what came. */
function Bars({ traffic }: { traffic: Traffic | null }) {
  const t = useMessages(modelMessages);
  const format = useFormat();
  if (!traffic) return <div className="h-8" />;
  const { planned, ruled, requests, total } = traffic;
  const share = total > 0 ? requests / total : 0;
  const bar = (width: number, colour: string) => (
    <div className="h-1 overflow-hidden rounded-full bg-muted">
      <div className={cn("h-full", colour)} style={{ width: `${width * 100}%` }} />
    </div>
  );
  return (
    <div className="grid max-w-96 gap-1">
      <div aria-hidden className="grid gap-0.5">
        {planned === undefined ? null : bar(planned, "bg-input")}
        {bar(share, "bg-primary")}
      </div>
      <p className="text-muted-foreground text-xs">
        {[
          planned === undefined ? null : planned === 0 ? t.standsBy : t.planned(format.percent(planned), ruled),
          total > 0 ? t.actual(format.percent(share), format.number(requests)) : t.actualNone,
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </div>
  );
}
