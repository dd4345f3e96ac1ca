"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { KeyForm } from "@/components/keys/key-form";
import { KeyTable } from "@/components/keys/key-table";
import { KeyValue } from "@/components/keys/key-value";
import { Rotate } from "@/components/keys/rotate";
import { Button } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/field";
import { PageHead } from "@/components/ui/page";
import { Pager } from "@/components/ui/pager";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { keyMessages } from "@/messages/keys";

const PAGE_SIZE = 50;

type Window =
  | { kind: "add" }
  | { kind: "edit" | "rotate"; apiKey: Schemas["ApiKey"] }
  | { kind: "value"; created: Schemas["ApiKeyCreated"] };

export default function KeysPage() {
  const t = useMessages(keyMessages);
  const [open, setOpen] = useState<Window | null>(null);
  const [wanted, setWanted] = useQueryStates({
    search: parseAsString.withDefault(""),
    state: parseAsStringLiteral(["all", "active", "disabled"]).withDefault("all"),
    page: parseAsInteger.withDefault(1),
  });
  const query = {
    search: wanted.search || undefined,
    is_active: wanted.state === "all" ? undefined : wanted.state === "active",
    page: wanted.page,
    page_size: PAGE_SIZE,
  };
  const keys = useQuery({
    queryKey: ["api-keys", query],
    queryFn: () => data(api.GET("/api/admin/api-keys", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const filtered = wanted.search !== "" || wanted.state !== "all";
  const close = () => setOpen(null);
  const add = (
    <Button onClick={() => setOpen({ kind: "add" })}>
      <Plus />
      {t.add}
    </Button>
  );
  return (
    <>
      <PageHead description={t.about} title={t.title}>
        {add}
      </PageHead>
      <div className="mb-3 flex flex-wrap gap-2">
        <Input
          aria-label={t.search}
          className="max-w-64"
          onChange={(event) => setWanted({ search: event.target.value || null, page: null })}
          placeholder={t.search}
          type="search"
          value={wanted.search}
        />
        <Select
          aria-label={t.state}
          className="w-auto"
          onChange={(event) => setWanted({ state: event.target.value as typeof wanted.state, page: null })}
          value={wanted.state}
        >
          <option value="all">{t.all}</option>
          <option value="active">{t.active}</option>
          <option value="disabled">{t.disabled}</option>
        </Select>
      </div>
      <ErrorNote error={keys.error} retry={() => keys.refetch()} />
      {keys.isPending ? <Skeleton className="h-40" /> : null}
      {keys.data && keys.data.items.length > 0 ? (
        <div className={keys.isPlaceholderData ? "opacity-60" : undefined}>
          <KeyTable
            keys={keys.data.items}
            onEdit={(apiKey) => setOpen({ kind: "edit", apiKey })}
            onRotate={(apiKey) => setOpen({ kind: "rotate", apiKey })}
          />
          <Pager
            onPage={(page) => setWanted({ page })}
            page={wanted.page}
            pageSize={PAGE_SIZE}
            total={keys.data.total}
          />
        </div>
      ) : null}
      {keys.data?.items.length === 0 ? (
        filtered ? (
          <Empty
            action={
              <Button onClick={() => setWanted({ search: null, state: null, page: null })} variant="outline">
                {t.relax}
              </Button>
            }
            title={t.noMatch}
          />
        ) : (
          <Empty action={add} title={t.empty}>
            {t.emptyHint}
          </Empty>
        )
      ) : null}
      {open?.kind === "add" || open?.kind === "edit" ? (
        <KeyForm
          apiKey={open.kind === "edit" ? open.apiKey : null}
          onClose={close}
          onCreated={(created) => setOpen({ kind: "value", created })}
        />
      ) : null}
      {open?.kind === "rotate" ? (
        <Rotate apiKey={open.apiKey} onClose={close} onCreated={(created) => setOpen({ kind: "value", created })} />
      ) : null}
      {open?.kind === "value" ? <KeyValue created={open.created} onClose={close} /> : null}
    </>
  );
}
