"use client";

import { MoreHorizontal } from "lucide-react";
import Link from "next/link";
import { Button } from "@/components/ui/button";
import { Menu, MenuItem, MenuSeparator } from "@/components/ui/menu";
import { Badge } from "@/components/ui/states";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { useModelActions } from "./actions";
import { FindingsBadge } from "./findings-badge";
import { type Model, useProviders, useTraffic, viewPath } from "./queries";

export function ModelTable({ models }: { models: Model[] }) {
  const t = useMessages(modelMessages);
  const format = useFormat();
  const traffic = useTraffic();
  const actions = useModelActions();
  return (
    <>
      <Table label={t.title}>
        <thead>
          <tr>
            <Th>{t.name}</Th>
            <Th>{t.targets}</Th>
            <Th>{t.strategy}</Th>
            <Th className="text-right">{t.rules}</Th>
            <Th>{t.findings}</Th>
            <Th>{t.state}</Th>
            <Th className="text-right">{t.requests}</Th>
            <Th>
              <span className="sr-only">{t.edit}</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => {
            const group = traffic.of.get(model.name);
            return (
              <Tr key={model.id}>
                <Td className="max-w-40 sm:max-w-64">
                  <Link
                    className="block truncate font-medium hover:underline"
                    href={viewPath(model.name)}
                    title={model.name}
                  >
                    {model.name}
                  </Link>
                </Td>
                <Td>
                  <TargetNames model={model} />
                </Td>
                <Td className="whitespace-nowrap">{t[model.strategy]}</Td>
                <Td className="text-right tabular-nums">{format.number(rulesOf(model))}</Td>
                <Td className="whitespace-nowrap">
                  <FindingsBadge model={model} />
                </Td>
                <Td>
                  {model.is_active ? <Badge tone="good">{t.active}</Badge> : <Badge tone="bad">{t.inactive}</Badge>}
                </Td>
                <Td className="whitespace-nowrap text-right tabular-nums">
                  {traffic.known ? format.number(group?.requests ?? 0) : "…"}
                  {group && group.errors > 0 ? (
                    <span className="block text-destructive text-xs">
                      {t.failed(format.percent(group.errors / group.requests))}
                    </span>
                  ) : null}
                </Td>
                <Td className="text-right">
                  <Menu
                    trigger={
                      <Button aria-label={t.actions(model.name)} size="icon" variant="ghost">
                        <MoreHorizontal />
                      </Button>
                    }
                  >
                    <MenuItem asChild>
                      <Link href={`${viewPath(model.name)}&edit=settings`}>{t.edit}</Link>
                    </MenuItem>
                    <MenuItem asChild>
                      <Link href={`/logs/?requested_model=${encodeURIComponent(model.name)}`}>{t.seeLogs}</Link>
                    </MenuItem>
                    <MenuSeparator />
                    <MenuItem onSelect={() => actions.toggle(model)}>{model.is_active ? t.turnOff : t.turnOn}</MenuItem>
                    <MenuItem danger onSelect={() => actions.remove(model)}>
                      {t.remove}
                    </MenuItem>
                  </Menu>
                </Td>
              </Tr>
            );
          })}
        </tbody>
      </Table>
      {actions.question}
    </>
  );
}

const SHOWN = 4;

/** The targets in their order; those out of use struck through. */
function TargetNames({ model }: { model: Model }) {
  const t = useMessages(modelMessages);
  const { providers } = useProviders();
  if (model.targets.length === 0) return <span className="text-warning">{t.noTargets}</span>;
  return (
    <ol className="grid gap-0.5">
      {model.targets.slice(0, SHOWN).map((target) => {
        const off = !target.is_active || providers.get(target.provider_id)?.is_active === false;
        return (
          <li className="flex max-w-80 items-baseline gap-1.5 whitespace-nowrap" key={target.id}>
            <span className={off ? "truncate line-through" : "truncate"}>{target.provider}</span>
            <span className="truncate font-mono text-muted-foreground text-xs">{target.target_model}</span>
            {off ? <span className="sr-only">({t.inactive})</span> : null}
          </li>
        );
      })}
      {model.targets.length > SHOWN ? (
        <li className="text-muted-foreground text-xs">+{model.targets.length - SHOWN}</li>
      ) : null}
    </ol>
  );
}

function rulesOf(model: Model): number {
  return [model, ...model.targets].filter(({ rule }) => rule.trim() !== "").length;
}
