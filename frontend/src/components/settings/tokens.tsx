"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Pager } from "@/components/ui/pager";
import { Badge, Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { useToast } from "@/components/ui/toast";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { settingMessages } from "@/messages/settings";
import { TokenForm, TokenValue } from "./token-form";

type Token = Schemas["AdminToken"];

type Window =
  | { kind: "add" }
  | { kind: "remove"; token: Token }
  | { kind: "value"; created: Schemas["AdminTokenCreated"] };

const PAGE_SIZE = 50;

/** Tokens for automation. */
export function Tokens() {
  const t = useMessages(settingMessages);
  const client = useQueryClient();
  const toast = useToast();
  const [open, setOpen] = useState<Window | null>(null);
  const [page, setPage] = useState(1);
  const query = { page, page_size: PAGE_SIZE };
  const tokens = useQuery({
    queryKey: ["tokens", query],
    queryFn: () => data(api.GET("/api/admin/tokens", { params: { query } })),
  });
  const remove = async ({ id, name }: Token) => {
    await api.DELETE("/api/admin/tokens/{token_id}", { params: { path: { token_id: id } } });
    await client.invalidateQueries({ queryKey: ["tokens"] });
    toast.say(t.tokenGone(name));
  };
  const add = (
    <Button onClick={() => setOpen({ kind: "add" })}>
      <Plus />
      {t.addToken}
    </Button>
  );
  return (
    <div className="grid grid-cols-1 gap-4">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <p className="max-w-prose text-muted-foreground">{t.tokensAbout}</p>
        {add}
      </div>
      <ErrorNote error={tokens.error} retry={() => tokens.refetch()} />
      {tokens.isPending ? <Skeleton className="h-40" /> : null}
      {tokens.data && tokens.data.items.length > 0 ? (
        <div>
          <TokenTable onRemove={(token) => setOpen({ kind: "remove", token })} tokens={tokens.data.items} />
          <Pager onPage={setPage} page={page} pageSize={PAGE_SIZE} total={tokens.data.total} />
        </div>
      ) : null}
      {tokens.data?.items.length === 0 ? <Empty title={t.noTokens}>{t.noTokensHint}</Empty> : null}
      {open?.kind === "add" ? (
        <TokenForm onClose={() => setOpen(null)} onCreated={(created) => setOpen({ kind: "value", created })} />
      ) : null}
      {open?.kind === "value" ? <TokenValue created={open.created} onClose={() => setOpen(null)} /> : null}
      {open?.kind === "remove" ? (
        <Confirm
          act={() => remove(open.token)}
          action={t.remove}
          cancel={t.cancel}
          onOpenChange={() => setOpen(null)}
          open
          title={t.removeTokenTitle(open.token.name)}
        >
          {t.removeTokenText}
        </Confirm>
      ) : null}
    </div>
  );
}

function TokenTable({ tokens, onRemove }: { tokens: Token[]; onRemove: (token: Token) => void }) {
  const t = useMessages(settingMessages);
  const format = useFormat();
  return (
    <Table label={t.tokens}>
      <thead>
        <tr>
          <Th>{t.name}</Th>
          <Th>{t.value}</Th>
          <Th>{t.created}</Th>
          <Th>{t.expires}</Th>
          <Th>
            <span className="sr-only">{t.remove}</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <Tr key={token.id}>
            <Td className="font-medium">{token.name}</Td>
            <Td className="whitespace-nowrap font-mono text-xs">…{token.hint}</Td>
            <Td className="whitespace-nowrap">{format.time(token.created_at)}</Td>
            <Td className="whitespace-nowrap">
              <Expiry at={token.expires_at} />
            </Td>
            <Td className="text-right">
              <Button
                aria-label={`${t.remove}: ${token.name}`}
                onClick={() => onRemove(token)}
                size="icon"
                variant="ghost"
              >
                <Trash2 />
              </Button>
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function Expiry({ at }: { at: string | null }) {
  const t = useMessages(settingMessages);
  const format = useFormat();
  if (at === null) return t.never;
  if (new Date(at) <= new Date()) return <Badge tone="bad">{t.expired}</Badge>;
  return <time dateTime={at}>{format.time(at)}</time>;
}
