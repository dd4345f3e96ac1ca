"use client";

import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { api, data } from "@/api/client";
import { Select } from "@/components/ui/field";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import { Box } from "./box";
import { type Change, OPERATORS, readValue, shown } from "./edits";
import type { Row } from "./tree";

/** Field, operator and value. */
export function RowBox({
  row,
  path,
  name,
  apply,
}: {
  row: Row;
  path: number[];
  name: string;
  apply: (change: Change) => void;
}) {
  const t = useMessages(ruleMessages);
  const list = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const fields = useQuery({
    queryKey: ["rules", "fields", typed],
    queryFn: async () => {
      const text = typed ?? "";
      const body = { text, cursor: [...text].length, vocabulary: "rules" as const };
      const found = await data(api.POST("/api/admin/rules/complete", { body }));
      const before = [...text].slice(0, found.span.start).join("");
      return found.items.filter((item) => item.kind === "field").map((item) => before + item.insert);
    },
    enabled: typed !== null,
    staleTime: 60_000,
  });
  return (
    <div className="grid min-w-0 flex-1 gap-1 sm:grid-cols-[minmax(0,2fr)_auto_minmax(0,2fr)]">
      <Box
        label={t.fieldOf(name)}
        list={list}
        onChange={(field) => apply({ kind: "field", path, field })}
        onInput={setTyped}
        value={row.field}
      />
      <datalist id={list}>
        {fields.data?.map((field) => (
          <option key={field} value={field} />
        ))}
      </datalist>
      <Select
        aria-label={t.operatorOf(name)}
        className="font-mono text-xs"
        onChange={(event) => apply({ kind: "operator", path, operator: event.target.value })}
        value={row.operator}
      >
        {Object.entries(OPERATORS).map(([key, sign]) => (
          <option key={key} value={key}>
            {sign}
          </option>
        ))}
      </Select>
      <Box
        label={t.valueOf(name)}
        onChange={(text) => apply({ kind: "value", path, value: readValue(text, row.value) })}
        value={shown(row.value)}
      />
    </div>
  );
}
