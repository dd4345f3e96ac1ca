"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useRouter } from "next/navigation";
import { parseAsBoolean, parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { api, data } from "@/api/client";
import { ModelForm } from "@/components/models/model-form";
import { ModelTable } from "@/components/models/model-table";
import { viewPath } from "@/components/models/queries";
import { Button } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/field";
import { PageHead } from "@/components/ui/page";
import { Pager } from "@/components/ui/pager";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";

const PAGE_SIZE = 25;

export default function ModelsPage() {
  const t = useMessages(modelMessages);
  const router = useRouter();
  const [wanted, setWanted] = useQueryStates({
    search: parseAsString.withDefault(""),
    state: parseAsStringLiteral(["all", "active", "inactive"]).withDefault("all"),
    page: parseAsInteger.withDefault(1),
    add: parseAsBoolean.withDefault(false),
  });
  const query = {
    search: wanted.search || undefined,
    is_active: wanted.state === "all" ? undefined : wanted.state === "active",
    page: wanted.page,
    page_size: PAGE_SIZE,
  };
  const models = useQuery({
    queryKey: ["models", "list", query],
    queryFn: () => data(api.GET("/api/admin/models", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const filtered = wanted.search !== "" || wanted.state !== "all";
  const add = (
    <Button onClick={() => setWanted({ add: true })}>
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
          <option value="inactive">{t.inactive}</option>
        </Select>
      </div>
      <ErrorNote error={models.error} retry={() => models.refetch()} />
      {models.isPending ? <Skeleton className="h-40" /> : null}
      {models.data && models.data.items.length > 0 ? (
        <div className={models.isPlaceholderData ? "opacity-60" : undefined}>
          <ModelTable models={models.data.items} />
          <Pager
            onPage={(page) => setWanted({ page })}
            page={wanted.page}
            pageSize={PAGE_SIZE}
            total={models.data.total}
          />
        </div>
      ) : null}
      {models.data?.items.length === 0 ? (
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
      {wanted.add ? (
        <ModelForm onClose={() => setWanted({ add: null })} onCreated={(model) => router.push(viewPath(model.name))} />
      ) : null}
    </>
  );
}
