"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { MoreHorizontal } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Menu, MenuItem, MenuSeparator } from "@/components/ui/menu";
import { Badge } from "@/components/ui/states";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { useToast } from "@/components/ui/toast";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { keyMessages } from "@/messages/keys";

type ApiKey = Schemas["ApiKey"];

export function KeyTable({
  keys,
  onEdit,
  onRotate,
}: {
  keys: ApiKey[];
  onEdit: (apiKey: ApiKey) => void;
  onRotate: (apiKey: ApiKey) => void;
}) {
  const t = useMessages(keyMessages);
  const format = useFormat();
  const [asking, setAsking] = useState<{ what: "disable" | "remove"; apiKey: ApiKey } | null>(null);
  const { enable, disable, remove } = useActions();
  const use = useQuery({
    queryKey: ["stats", "keys"],
    queryFn: () => data(api.GET("/api/admin/stats", { params: { query: { group_by: "api_key" } } })),
  });
  const usage = new Map(use.data?.items.map((group) => [group.id, group]));
  return (
    <>
      <Table label={t.title}>
        <thead>
          <tr>
            <Th>{t.name}</Th>
            <Th>{t.value}</Th>
            <Th>{t.state}</Th>
            <Th>{t.models}</Th>
            <Th>{t.limit}</Th>
            <Th className="text-right">{t.requests}</Th>
            <Th>{t.used}</Th>
            <Th>{t.expires}</Th>
            <Th>
              <span className="sr-only">{t.edit}</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {keys.map((apiKey) => {
            const group = usage.get(apiKey.id);
            return (
              <Tr key={apiKey.id}>
                <Td className="max-w-60">
                  <button
                    className="block max-w-full truncate font-medium hover:underline"
                    onClick={() => onEdit(apiKey)}
                    type="button"
                  >
                    {apiKey.name}
                  </button>
                  <span className="flex flex-wrap gap-1">
                    {apiKey.tags.map((tag) => (
                      <Badge key={tag}>{tag}</Badge>
                    ))}
                  </span>
                </Td>
                <Td className="whitespace-nowrap font-mono text-xs">
                  {apiKey.prefix}…{apiKey.last4}
                </Td>
                <Td>
                  <State apiKey={apiKey} />
                </Td>
                <Td className="max-w-48 truncate" title={apiKey.allowed_models?.join(", ")}>
                  {apiKey.allowed_models?.join(", ") ?? t.allModels}
                </Td>
                <Td className="whitespace-nowrap">
                  {apiKey.requests_per_minute === null
                    ? t.noLimit
                    : t.perMinute(format.number(apiKey.requests_per_minute))}
                </Td>
                <Td className="whitespace-nowrap text-right tabular-nums">
                  {use.data ? format.number(group?.requests ?? 0) : "…"}
                  {group && group.errors > 0 ? (
                    <span className="block text-destructive text-xs">
                      {t.errors(format.percent(group.errors / group.requests))}
                    </span>
                  ) : null}
                </Td>
                <Td className="whitespace-nowrap">{apiKey.last_used_day ?? t.never}</Td>
                <Td className="whitespace-nowrap">{apiKey.expires_at ? format.ago(apiKey.expires_at) : t.never}</Td>
                <Td className="text-right">
                  <Menu
                    trigger={
                      <Button aria-label={t.actions(apiKey.name)} size="icon" variant="ghost">
                        <MoreHorizontal />
                      </Button>
                    }
                  >
                    <MenuItem onSelect={() => onEdit(apiKey)}>{t.edit}</MenuItem>
                    <MenuItem onSelect={() => onRotate(apiKey)}>{t.rotate}</MenuItem>
                    <MenuItem asChild>
                      <Link href={`/logs/?api_key_id=${apiKey.id}`}>{t.seeLogs}</Link>
                    </MenuItem>
                    <MenuSeparator />
                    {apiKey.is_active ? (
                      <MenuItem onSelect={() => setAsking({ what: "disable", apiKey })}>{t.disable}</MenuItem>
                    ) : (
                      <MenuItem onSelect={() => enable(apiKey)}>{t.enable}</MenuItem>
                    )}
                    <MenuItem danger onSelect={() => setAsking({ what: "remove", apiKey })}>
                      {t.remove}
                    </MenuItem>
                  </Menu>
                </Td>
              </Tr>
            );
          })}
        </tbody>
      </Table>
      {asking ? (
        <Confirm
          act={() => (asking.what === "disable" ? disable(asking.apiKey) : remove(asking.apiKey))}
          action={asking.what === "disable" ? t.disable : t.remove}
          cancel={t.cancel}
          onOpenChange={() => setAsking(null)}
          open
          title={asking.what === "disable" ? t.disableTitle(asking.apiKey.name) : t.removeTitle(asking.apiKey.name)}
        >
          {asking.what === "disable" ? t.disableText : t.removeText}
        </Confirm>
      ) : null}
    </>
  );
}

function State({ apiKey }: { apiKey: ApiKey }) {
  const t = useMessages(keyMessages);
  if (!apiKey.is_active) return <Badge tone="bad">{t.disabled}</Badge>;
  if (apiKey.expires_at && new Date(apiKey.expires_at) <= new Date()) return <Badge tone="bad">{t.expired}</Badge>;
  const rotating = apiKey.previous_valid_until !== null && new Date(apiKey.previous_valid_until) > new Date();
  return rotating ? <Badge tone="warning">{t.rotating}</Badge> : <Badge tone="good">{t.active}</Badge>;
}

function useActions() {
  const t = useMessages(keyMessages);
  const client = useQueryClient();
  const toast = useToast();
  const where = (apiKey: ApiKey) => ({ params: { path: { key_id: apiKey.id } } });
  const after = async (text: string) => {
    await client.invalidateQueries({ queryKey: ["api-keys"] });
    toast.say(text);
  };
  return {
    enable: async (apiKey: ApiKey) => {
      try {
        await api.POST("/api/admin/api-keys/{key_id}/enable", where(apiKey));
        await after(t.wasEnabled(apiKey.name));
      } catch (error) {
        toast.fail(error);
      }
    },
    disable: async (apiKey: ApiKey) => {
      await api.POST("/api/admin/api-keys/{key_id}/disable", where(apiKey));
      await after(t.wasDisabled(apiKey.name));
    },
    remove: async (apiKey: ApiKey) => {
      await api.DELETE("/api/admin/api-keys/{key_id}", where(apiKey));
      await after(t.wasRemoved(apiKey.name));
    },
  };
}
