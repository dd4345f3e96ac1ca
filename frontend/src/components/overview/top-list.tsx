"use client";

import Link from "next/link";
import type { Schemas } from "@/api/client";
import { Card } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { overviewMessages } from "@/messages/overview";
import { useChange } from "./change";
import { share } from "./values";

type Top = Schemas["OverviewTop"];

/** The keys or models with most requests; each leads to its requests in the log. */
export function TopList({ title, items, link }: { title: string; items: Top[]; link: (item: Top) => string | null }) {
  const t = useMessages(overviewMessages);
  const format = useFormat();
  const change = useChange();
  return (
    <Card className="min-w-0">
      <h2 className="mb-2 font-medium">{title}</h2>
      {items.length === 0 ? (
        <p className="text-muted-foreground">{t.quiet}</p>
      ) : (
        <table className="w-full table-fixed text-sm">
          <thead className="text-muted-foreground text-xs">
            <tr>
              <th className="py-1 text-left font-medium" scope="col">
                {t.name}
              </th>
              <th className="w-20 py-1 text-right font-medium" scope="col">
                {t.requests}
              </th>
              <th className="hidden w-16 py-1 text-right font-medium sm:table-cell" scope="col">
                {t.failed}
              </th>
              <th className="hidden w-16 py-1 text-right font-medium sm:table-cell" scope="col">
                {t.tokens}
              </th>
              <th className="w-20 py-1 text-right font-medium" scope="col">
                {t.change}
              </th>
            </tr>
          </thead>
          <tbody className="tabular-nums">
            {items.map((item) => {
              const name = item.name ?? (item.id === null ? t.noKey : String(item.id));
              const href = link(item);
              return (
                <tr key={`${item.id} ${item.name}`}>
                  <th className="truncate py-1 text-left font-normal" scope="row" title={name}>
                    {href ? (
                      <Link className="hover:underline" href={href}>
                        {name}
                      </Link>
                    ) : (
                      name
                    )}
                  </th>
                  <td className="py-1 text-right">{format.compact(item.requests)}</td>
                  <td className="hidden py-1 text-right sm:table-cell">
                    <span className={item.errors > 0 ? "text-destructive" : undefined}>
                      {format.percent(share(item.errors, item.requests))}
                    </span>
                  </td>
                  <td className="hidden py-1 text-right sm:table-cell">
                    {format.compact(item.input_tokens + item.output_tokens)}
                  </td>
                  <td className="py-1 text-right">{change(item.requests, item.requests_before)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Card>
  );
}
