"use client";

import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { parseAsBoolean, parseAsInteger, parseAsString, useQueryStates } from "nuqs";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Input } from "@/components/ui/field";
import { Pager } from "@/components/ui/pager";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { useToast } from "@/components/ui/toast";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { settingMessages } from "@/messages/settings";
import { ListForm } from "./list-form";
import { ListUses } from "./list-uses";

type Head = Schemas["NamedListHead"];

const PAGE_SIZE = 50;

/** Named lists: what rules ask for as `$name`. */
export function Lists() {
  const t = useMessages(settingMessages);
  const [removing, setRemoving] = useState<Head | null>(null);
  const [wanted, setWanted] = useQueryStates({
    find: parseAsString.withDefault(""),
    page: parseAsInteger.withDefault(1),
    list: parseAsString,
    add: parseAsBoolean.withDefault(false),
  });
  const query = { search: wanted.find || undefined, page: wanted.page, page_size: PAGE_SIZE };
  const lists = useQuery({
    queryKey: ["lists", query],
    queryFn: () => data(api.GET("/api/admin/lists", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const add = (
    <Button onClick={() => setWanted({ add: true, list: null })}>
      <Plus />
      {t.addList}
    </Button>
  );
  return (
    <div className="grid grid-cols-1 gap-4">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <p className="max-w-prose text-muted-foreground">{t.listsAbout}</p>
        {add}
      </div>
      <Input
        aria-label={t.searchLists}
        className="max-w-64"
        onChange={(event) => setWanted({ find: event.target.value || null, page: null })}
        placeholder={t.searchLists}
        type="search"
        value={wanted.find}
      />
      <ErrorNote error={lists.error} retry={() => lists.refetch()} />
      {lists.isPending ? <Skeleton className="h-40" /> : null}
      {lists.data && lists.data.items.length > 0 ? (
        <div className={lists.isPlaceholderData ? "opacity-60" : undefined}>
          <ListTable
            lists={lists.data.items}
            onOpen={({ name }) => setWanted({ list: name, add: null })}
            onRemove={setRemoving}
          />
          <Pager
            onPage={(page) => setWanted({ page })}
            page={wanted.page}
            pageSize={PAGE_SIZE}
            total={lists.data.total}
          />
        </div>
      ) : null}
      {lists.data?.items.length === 0 ? (
        wanted.find ? (
          <Empty
            action={
              <Button onClick={() => setWanted({ find: null, page: null })} variant="outline">
                {t.relax}
              </Button>
            }
            title={t.noListMatch}
          />
        ) : (
          <Empty title={t.noLists}>{t.noListsHint}</Empty>
        )
      ) : null}
      {wanted.add || wanted.list !== null ? (
        <ListForm
          key={wanted.list}
          name={wanted.add ? null : wanted.list}
          onClose={() => setWanted({ add: null, list: null })}
        />
      ) : null}
      {removing ? <Remove list={removing} onClose={() => setRemoving(null)} /> : null}
    </div>
  );
}

function ListTable({
  lists,
  onOpen,
  onRemove,
}: {
  lists: Head[];
  onOpen: (list: Head) => void;
  onRemove: (list: Head) => void;
}) {
  const t = useMessages(settingMessages);
  const format = useFormat();
  return (
    <Table label={t.lists}>
      <thead>
        <tr>
          <Th>{t.name}</Th>
          <Th className="text-right">{t.entries}</Th>
          <Th>{t.usedBy}</Th>
          <Th>{t.notes}</Th>
          <Th>
            <span className="sr-only">{t.remove}</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {lists.map((list) => (
          <Tr key={list.id}>
            <Td>
              <button
                className="break-all text-left font-medium font-mono text-xs hover:underline"
                onClick={() => onOpen(list)}
                type="button"
              >
                ${list.name}
              </button>
            </Td>
            <Td className="text-right tabular-nums">{format.number(list.entry_count)}</Td>
            <Td className="min-w-40">
              <ListUses uses={list.used_by} />
            </Td>
            <Td className="max-w-64 truncate" title={list.notes}>
              {list.notes}
            </Td>
            <Td className="text-right">
              <Button
                aria-label={`${t.remove}: ${list.name}`}
                onClick={() => onRemove(list)}
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

function Remove({ list, onClose }: { list: Head; onClose: () => void }) {
  const t = useMessages(settingMessages);
  const client = useQueryClient();
  const toast = useToast();
  const remove = async () => {
    await api.DELETE("/api/admin/lists/{name}", {
      params: { path: { name: list.name }, header: { "If-Match": list.etag } },
    });
    await client.invalidateQueries({ queryKey: ["lists"] });
    toast.say(t.listGone(list.name));
  };
  return (
    <Confirm
      act={remove}
      action={t.remove}
      cancel={t.cancel}
      onOpenChange={onClose}
      open
      title={t.removeListTitle(list.name)}
    >
      {list.used_by.length > 0 ? t.removeListUsed(list.used_by.length) : t.removeListText}
    </Confirm>
  );
}
