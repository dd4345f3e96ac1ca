"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { MoreHorizontal } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { api, data } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Menu, MenuItem, MenuSeparator } from "@/components/ui/menu";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { useToast } from "@/components/ui/toast";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { providerMessages } from "@/messages/providers";
import { Loss } from "./loss";
import { Sparkline } from "./sparkline";
import { State } from "./state";
import type { Provider } from "./values";

export function ProviderTable({
  providers,
  onEdit,
  onTest,
}: {
  providers: Provider[];
  onEdit: (provider: Provider) => void;
  onTest: (provider: Provider) => void;
}) {
  const t = useMessages(providerMessages);
  const format = useFormat();
  const [asking, setAsking] = useState<{ what: "disable" | "remove"; provider: Provider } | null>(null);
  const actions = useActions();
  const use = useQuery({
    queryKey: ["stats", "providers"],
    queryFn: () => data(api.GET("/api/admin/stats", { params: { query: { group_by: "provider" } } })),
  });
  const system = useQuery({ queryKey: ["system"], queryFn: () => data(api.GET("/api/admin/system")) });
  const usage = new Map(use.data?.items.map((group) => [group.id, group]));
  return (
    <>
      <Table label={t.title}>
        <thead>
          <tr>
            <Th>{t.name}</Th>
            <Th>{t.state}</Th>
            <Th>{t.protocol}</Th>
            <Th>{t.baseUrl}</Th>
            <Th className="text-right">{t.requests}</Th>
            <Th className="text-right">{t.firstByte}</Th>
            <Th>{t.trend}</Th>
            <Th>
              <span className="sr-only">{t.edit}</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {providers.map((provider) => {
            const group = usage.get(provider.id);
            const delay = group?.first_byte_delay_ms.p50;
            return (
              <Tr key={provider.id}>
                <Td className="max-w-60">
                  <button
                    className="block max-w-full truncate font-medium hover:underline"
                    onClick={() => onEdit(provider)}
                    type="button"
                  >
                    {provider.name}
                  </button>
                </Td>
                <Td className="max-w-60">
                  <State group={group} problems={system.data?.configuration.problems ?? []} provider={provider} />
                </Td>
                <Td>{provider.protocol === "anthropic" ? "Anthropic" : "OpenAI"}</Td>
                <Td className="max-w-72 truncate font-mono text-xs" title={provider.base_url}>
                  {provider.base_url}
                </Td>
                <Td className="whitespace-nowrap text-right tabular-nums">
                  {use.data ? format.number(group?.requests ?? 0) : "…"}
                  {group && group.errors > 0 ? (
                    <span className="block text-destructive text-xs">
                      {t.errors(format.percent(group.errors / group.requests))}
                    </span>
                  ) : null}
                </Td>
                <Td className="whitespace-nowrap text-right tabular-nums">
                  {delay === null || delay === undefined ? "–" : format.duration(delay)}
                </Td>
                <Td>
                  <div className="h-6 w-24">{group ? <Sparkline providerId={provider.id} /> : null}</div>
                </Td>
                <Td className="text-right">
                  <Menu
                    trigger={
                      <Button aria-label={t.actions(provider.name)} size="icon" variant="ghost">
                        <MoreHorizontal />
                      </Button>
                    }
                  >
                    <MenuItem onSelect={() => onEdit(provider)}>{t.edit}</MenuItem>
                    <MenuItem onSelect={() => onTest(provider)}>{t.testIt}</MenuItem>
                    <MenuItem asChild>
                      <Link href={`/logs/?provider_id=${provider.id}`}>{t.seeLogs}</Link>
                    </MenuItem>
                    <MenuSeparator />
                    {provider.is_active ? (
                      <MenuItem onSelect={() => setAsking({ what: "disable", provider })}>{t.disable}</MenuItem>
                    ) : (
                      <MenuItem onSelect={() => actions.enable(provider)}>{t.enable}</MenuItem>
                    )}
                    <MenuItem danger onSelect={() => setAsking({ what: "remove", provider })}>
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
        <Loss
          act={() => actions[asking.what](asking.provider)}
          onClose={() => setAsking(null)}
          provider={asking.provider}
          what={asking.what}
        />
      ) : null}
    </>
  );
}

function useActions() {
  const t = useMessages(providerMessages);
  const client = useQueryClient();
  const toast = useToast();
  const change = async (provider: Provider, is_active: boolean) => {
    await api.PATCH("/api/admin/providers/{provider_id}", {
      params: { path: { provider_id: provider.id } },
      body: { is_active },
    });
    await after(is_active ? t.wasEnabled(provider.name) : t.wasDisabled(provider.name));
  };
  const after = async (text: string) => {
    toast.say(text);
    await client.invalidateQueries({ queryKey: ["providers"] });
    await client.invalidateQueries({ queryKey: ["system"] });
  };
  return {
    enable: (provider: Provider) => change(provider, true).catch(toast.fail),
    disable: (provider: Provider) => change(provider, false),
    remove: async (provider: Provider) => {
      await api.DELETE("/api/admin/providers/{provider_id}", {
        params: { path: { provider_id: provider.id }, header: { "If-Match": provider.etag } },
      });
      await after(t.wasRemoved(provider.name));
    },
  };
}
