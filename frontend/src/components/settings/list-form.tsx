"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { AlertTriangle } from "lucide-react";
import { ApiError, api, data, type Schemas } from "@/api/client";
import { Button, SubmitButton } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input, Textarea } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { ErrorNote, Skeleton } from "@/components/ui/states";
import { useToast } from "@/components/ui/toast";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { settingMessages } from "@/messages/settings";
import { placed, readEntries } from "./entries";
import { ListUses } from "./list-uses";

type NamedList = Schemas["NamedList"];

/** Makes a list, or with `name` changes that one, whose entries are read first. */
export function ListForm({ name, onClose }: { name: string | null; onClose: () => void }) {
  const t = useMessages(settingMessages);
  const list = useQuery({
    queryKey: ["lists", "one", name],
    queryFn: () => data(api.GET("/api/admin/lists/{name}", { params: { path: { name: name ?? "" } } })),
    enabled: name !== null,
    // What is being edited does not change under the hands; saving finds out.
    refetchOnWindowFocus: false,
    gcTime: 0,
  });
  return (
    <Dialog onOpenChange={onClose} open side title={name === null ? t.newList : t.editList(name)}>
      <ErrorNote error={list.error} retry={() => list.refetch()} />
      {name !== null && list.isPending ? <Skeleton className="h-96" /> : null}
      {name === null || list.data ? <Fields key={list.data?.etag} list={list.data ?? null} onClose={onClose} /> : null}
    </Dialog>
  );
}

function Fields({ list, onClose }: { list: NamedList | null; onClose: () => void }) {
  const t = useMessages(settingMessages);
  const format = useFormat();
  const client = useQueryClient();
  const toast = useToast();
  const before = list?.entries.join("\n") ?? "";
  const submit = async (values: FormData) => {
    const text = String(values.get("entries") ?? "");
    const entries = readEntries(text, list?.entries);
    const body = { name: String(values.get("name")).trim(), notes: String(values.get("notes") ?? "") };
    try {
      if (list === null) await api.POST("/api/admin/lists", { body: { ...body, entries } });
      else {
        // FormData has the line ends of mail.
        const touched = text.replaceAll("\r\n", "\n") !== before;
        await api.PATCH("/api/admin/lists/{name}", {
          params: { path: { name: list.name }, header: { "If-Match": list.etag } },
          body: touched ? { ...body, entries } : body,
        });
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const faults = error.faults.map((fault) => placed(fault, text, t.lineFault));
      throw new ApiError(error.status, error.code, error.message, faults, error.requestId);
    }
    onClose();
    toast.say(t.saved);
    await client.invalidateQueries({ queryKey: ["lists"] });
  };
  return (
    <Form
      buttons={
        <div className="flex justify-end gap-2">
          <Button onClick={onClose} variant="outline">
            {t.cancel}
          </Button>
          <SubmitButton>{list ? t.save : t.makeList}</SubmitButton>
        </div>
      }
      pointers={["/name", "/entries", "/notes"]}
      submit={submit}
    >
      <Field hint={list?.used_by.length ? t.usedNameHint : t.listNameHint} label={t.name} pointer="/name">
        <Input
          autoComplete="off"
          className="font-mono"
          defaultValue={list?.name}
          maxLength={100}
          name="name"
          required
          spellCheck={false}
        />
      </Field>
      <Field
        hint={list ? t.entriesNow(format.number(list.entry_count)) : t.entriesHint}
        label={t.entries}
        pointer="/entries"
      >
        <Textarea className="font-mono" defaultValue={before} name="entries" rows={14} spellCheck={false} wrap="off" />
      </Field>
      {list && list.warnings.length > 0 ? (
        <div className="flex gap-2 rounded-md border border-warning/50 p-3 text-sm">
          <AlertTriangle aria-hidden className="mt-0.5 size-4 shrink-0 text-warning" />
          <div className="min-w-0">
            <p className="font-medium">{t.warnings}</p>
            <ul>
              {list.warnings.map((warning) => (
                <li className="break-words" key={warning}>
                  {warning}
                </li>
              ))}
            </ul>
          </div>
        </div>
      ) : null}
      <Field label={t.notes} pointer="/notes">
        <Textarea defaultValue={list?.notes} name="notes" rows={2} />
      </Field>
      {list ? (
        <div className="grid gap-1.5">
          <h3 className="font-medium text-sm">{t.usedBy}</h3>
          <ListUses uses={list.used_by} />
        </div>
      ) : null}
    </Form>
  );
}
