"use client";

import { columnVisibilityFeature, tableFeatures, useTable } from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useRouter } from "next/navigation";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { logMessages } from "@/messages/logs";
import { CellMenu } from "./cell-menu";
import { COLUMNS, type Context, type Log, type Picked } from "./columns";

const features = tableFeatures({ columnVisibilityFeature });
const columns = COLUMNS.map(({ id }) => ({ id }));
const BY_ID = new Map(COLUMNS.map((column) => [column.id, column]));

/** Height of a row in pixels: all are alike, so that only those in sight need to exist. */
const ROW = 37;
/** So many rows exist all at once: the browser's own search finds them. */
const FEW = 100;

export function LogTable({
  logs,
  visible,
  onCondition,
}: {
  logs: Log[];
  visible: Record<string, boolean>;
  /** A value was chosen to be the only one, or none of those. */
  onCondition: (picked: Picked, wanted: boolean) => void;
}) {
  const t = useMessages(logMessages);
  const format = useFormat();
  const [picked, setPicked] = useState<{ place: HTMLElement; value: Picked } | null>(null);
  const table = useTable({
    features,
    columns,
    data: logs,
    getRowId: (log: Log) => log.request_id,
    state: { columnVisibility: visible },
  });
  const shown = table.getVisibleLeafColumns().flatMap((column) => BY_ID.get(column.id) ?? []);
  const rows = table.getRowModel().rows;
  const context = useMemo<Context>(
    () => ({ t, format, onPick: (place, value) => setPicked({ place, value }) }),
    [t, format],
  );
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  // What stands above can grow: the histogram, the chips.
  useLayoutEffect(() => {
    const measure = () => setTop((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    measure();
    const resized = new ResizeObserver(measure);
    resized.observe(document.body);
    return () => resized.disconnect();
  }, []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW,
    overscan: rows.length > FEW ? 15 : FEW,
    scrollMargin: top,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  const items = virtual.getVirtualItems();
  const before = items[0] ? items[0].start - top : 0;
  const after = items.length > 0 ? virtual.getTotalSize() - ((items.at(-1)?.end ?? top) - top) : 0;
  const width = shown.reduce((sum, column) => sum + column.width, 0);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section aria-label={t.title} className="relative overflow-x-auto rounded-lg border bg-card" tabIndex={0}>
        <table
          aria-rowcount={rows.length + 1}
          className="w-full table-fixed border-collapse text-[0.8125rem]"
          style={{ minWidth: width }}
        >
          <thead>
            <tr>
              {shown.map((column) => (
                <th
                  className={cn(
                    "truncate border-b px-2 py-2 text-left font-medium text-muted-foreground",
                    column.numbers && "text-right",
                  )}
                  key={column.id}
                  scope="col"
                  style={{ width: column.width }}
                >
                  {column.header(t)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody ref={body}>
            {before > 0 ? <tr aria-hidden style={{ height: before }} /> : null}
            {items.map((item) => {
              const log = rows[item.index]?.original;
              return log ? (
                <LogRow context={context} index={item.index} key={item.key} log={log} shown={shown} />
              ) : null;
            })}
            {after > 0 ? <tr aria-hidden style={{ height: after }} /> : null}
          </tbody>
        </table>
      </section>
      {picked ? (
        <CellMenu
          onChoose={(wanted) => onCondition(picked.value, wanted)}
          onClose={() => setPicked(null)}
          picked={picked.value}
          place={picked.place}
        />
      ) : null}
    </>
  );
}

function LogRow({ log, index, shown, context }: { log: Log; index: number; shown: typeof COLUMNS; context: Context }) {
  const router = useRouter();
  // By keyboard the link in the first cell does what a click does.
  return (
    <tr
      aria-rowindex={index + 2}
      className="cursor-pointer border-b last:border-b-0 hover:bg-accent/50"
      onClick={(event) => {
        const control = (event.target as HTMLElement).closest("a, button");
        if (!control && !window.getSelection()?.toString()) router.push(`/logs/view/?id=${log.request_id}`);
      }}
      style={{ height: ROW }}
    >
      {shown.map((column) => (
        <td
          className={cn("truncate px-2 py-0 align-middle", column.numbers && "text-right tabular-nums")}
          key={column.id}
        >
          {column.cell(log, context)}
        </td>
      ))}
    </tr>
  );
}
