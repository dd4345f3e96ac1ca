"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useState } from "react";
import { api, data } from "@/api/client";
import { ProviderForm } from "@/components/providers/provider-form";
import { ProviderTable } from "@/components/providers/provider-table";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/field";
import { PageHead } from "@/components/ui/page";
import { Pager } from "@/components/ui/pager";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { providerMessages } from "@/messages/providers";

const PAGE_SIZE = 20;
const NEW = "new";

export default function ProvidersPage() {
  const t = useMessages(providerMessages);
  const [testing, setTesting] = useState(false);
  const [wanted, setWanted] = useQueryStates({
    search: parseAsString.withDefault(""),
    state: parseAsStringLiteral(["all", "active", "disabled"]).withDefault("all"),
    page: parseAsInteger.withDefault(1),
    open: parseAsString,
  });
  const query = {
    search: wanted.search || undefined,
    is_active: wanted.state === "all" ? undefined : wanted.state === "active",
    page: wanted.page,
    page_size: PAGE_SIZE,
  };
  const providers = useQuery({
    queryKey: ["providers", query],
    queryFn: () => data(api.GET("/api/admin/providers", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const filtered = wanted.search !== "" || wanted.state !== "all";
  const open = (id: string | null, test = false) => {
    setTesting(test);
    void setWanted({ open: id }, { history: "push" });
  };
  const add = (
    <Button onClick={() => open(NEW)}>
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
      <ErrorNote error={providers.error} retry={() => providers.refetch()} />
      {providers.isPending ? <Skeleton className="h-40" /> : null}
      {providers.data && providers.data.items.length > 0 ? (
        <div className={providers.isPlaceholderData ? "opacity-60" : undefined}>
          <ProviderTable
            onEdit={(provider) => open(String(provider.id))}
            onTest={(provider) => open(String(provider.id), true)}
            providers={providers.data.items}
          />
          <Pager
            onPage={(page) => setWanted({ page })}
            page={wanted.page}
            pageSize={PAGE_SIZE}
            total={providers.data.total}
          />
        </div>
      ) : null}
      {providers.data?.items.length === 0 ? (
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
      {wanted.open === NEW ? <ProviderForm onClose={() => open(null)} provider={null} /> : null}
      {wanted.open && /^[1-9]\d*$/.test(wanted.open) ? (
        <Stored id={Number(wanted.open)} key={wanted.open} onClose={() => open(null)} testAtOnce={testing} />
      ) : null}
    </>
  );
}

/** The drawer of a stored provider, which need not be on the page that is seen. */
function Stored({ id, testAtOnce, onClose }: { id: number; testAtOnce: boolean; onClose: () => void }) {
  const t = useMessages(providerMessages);
  const provider = useQuery({
    queryKey: ["provider", id],
    queryFn: () => data(api.GET("/api/admin/providers/{provider_id}", { params: { path: { provider_id: id } } })),
    // What is being typed is not to be replaced; each opening reads anew.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  if (provider.data) return <ProviderForm onClose={onClose} provider={provider.data} testAtOnce={testAtOnce} />;
  return (
    <Dialog onOpenChange={onClose} open side title={t.edit}>
      <ErrorNote error={provider.error} />
      {provider.error ? null : <Skeleton className="h-96" />}
    </Dialog>
  );
}
