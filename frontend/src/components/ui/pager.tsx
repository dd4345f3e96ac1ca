"use client";

import { messages, useMessages } from "@/lib/i18n";
import { Button } from "./button";

const texts = messages({
  en: { previous: "Previous", next: "Next", pageOf: (page: number, pages: number) => `Page ${page} of ${pages}` },
  zh: { previous: "上一页", next: "下一页", pageOf: (page: number, pages: number) => `第 ${page} / ${pages} 页` },
});

/** Turns the pages of a list; nothing where there is one page. */
export function Pager({
  page,
  pageSize,
  total,
  onPage,
}: {
  page: number;
  pageSize: number;
  total: number;
  onPage: (page: number) => void;
}) {
  const t = useMessages(texts);
  const pages = Math.max(1, Math.ceil(total / pageSize));
  if (pages === 1 && page === 1) return null;
  return (
    <div className="mt-3 flex items-center justify-end gap-3 text-sm">
      <Button disabled={page <= 1} onClick={() => onPage(page - 1)} size="small" variant="outline">
        {t.previous}
      </Button>
      <span>{t.pageOf(page, pages)}</span>
      <Button disabled={page >= pages} onClick={() => onPage(page + 1)} size="small" variant="outline">
        {t.next}
      </Button>
    </div>
  );
}
