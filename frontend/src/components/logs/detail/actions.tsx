"use client";

import { useQueryClient } from "@tanstack/react-query";
import { FlaskConical, MoreHorizontal } from "lucide-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { api, data } from "@/api/client";
import { Button } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/copy";
import { Menu, MenuItem } from "@/components/ui/menu";
import { useToast } from "@/components/ui/toast";
import { useMessages } from "@/lib/i18n";
import { recordMessages } from "@/messages/log";
import { equals } from "../conditions";
import type { Record } from "../verdict";
import { curlOf, suggestedCondition } from "./command";

/** What can be done with a record: copy the request, make a rule or a test of it, see its like. */
export function Actions({ record }: { record: Record }) {
  const t = useMessages(recordMessages);
  const toast = useToast();
  const router = useRouter();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const model = record.requested_model;
  // A model with rules is one that is, or was, configured.
  const known = model !== null && record.trace.length > 0;
  const makeTest = async () => {
    if (model === null) return;
    setBusy(true);
    try {
      const made = await data(
        api.POST("/api/admin/models/{model}/tests/from-log", {
          params: { path: { model } },
          body: { request_id: record.request_id },
        }),
      );
      await client.invalidateQueries({ queryKey: ["rules", "tests"] });
      toast.say(t.testMade(made.name, model), {
        label: t.testOpen,
        run: () => router.push(`/rules/?model=${encodeURIComponent(model)}&panel=tests`),
      });
    } catch (error) {
      toast.fail(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {record.payload ? (
        <CopyButton label={t.copyCurl} text={curlOf(record, record.payload, window.location.origin)} />
      ) : null}
      {known ? (
        <>
          <Button asChild size="small" variant="outline">
            <Link href={ruleLink(record, model)}>{t.makeRule}</Link>
          </Button>
          <Button disabled={busy} onClick={makeTest} size="small" variant="outline">
            <FlaskConical />
            {t.makeTest}
          </Button>
        </>
      ) : null}
      <Menu
        trigger={
          <Button aria-label={t.actions} className="size-8" size="none" variant="outline">
            <MoreHorizontal />
          </Button>
        }
      >
        {record.api_key_name !== null ? (
          <MenuItem asChild>
            <Link href={listLink(equals("api_key.name", record.api_key_name))}>{t.sameKey}</Link>
          </MenuItem>
        ) : null}
        {model !== null ? (
          <MenuItem asChild>
            <Link href={listLink(equals("model", model))}>{t.sameModel}</Link>
          </MenuItem>
        ) : null}
        <MenuItem onSelect={() => navigator.clipboard?.writeText(record.request_id)}>{t.copyId}</MenuItem>
      </Menu>
    </>
  );
}

function ruleLink(record: Record, model: string): string {
  const query = new URLSearchParams({ model, suggest: suggestedCondition(record), request: record.request_id });
  if (record.target_id !== null) query.set("target", String(record.target_id));
  return `/rules/?${query}`;
}

function listLink(filter: string): string {
  return `/logs/?${new URLSearchParams({ filter })}`;
}
