"use client";

import { Search } from "lucide-react";
import { useRouter } from "next/navigation";
import { useEffect, useId, useRef, useState } from "react";
import { charactersAt, spanIn, unitsAt } from "@/components/rules/code/tokens";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { logMessages } from "@/messages/logs";
import { requestIdIn } from "../conditions";
import { Faults } from "./filter-faults";
import { useCheck, useOffers } from "./language";

/** The filter as text, with what could be written next. An id of a request leads to it. */
export function FilterInput({
  applied,
  refused,
  onApply,
}: {
  applied: string;
  /** The list did not take it: it is looked at again, as one that is being written. */
  refused: boolean;
  onApply: (text: string) => void;
}) {
  const t = useMessages(logMessages);
  const router = useRouter();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState(applied);
  const [place, setPlace] = useState<number | null>(null);
  const [chosen, setChosen] = useState(-1);
  useEffect(() => setDraft(applied), [applied]);
  const isId = requestIdIn(draft) !== null;
  const check = useCheck(isId || (draft === applied && !refused) ? "" : draft);
  const offers = useOffers(draft, place === null || isId ? null : charactersAt(draft, place));
  const items = place === null ? [] : (offers?.items ?? []).slice(0, 12);
  const close = () => {
    setPlace(null);
    setChosen(-1);
  };
  const look = () => {
    setPlace(input.current?.selectionStart ?? draft.length);
    setChosen(-1);
  };
  const apply = (text: string) => {
    close();
    const request = requestIdIn(text);
    if (request) router.push(`/logs/view/?id=${request}`);
    else onApply(text.trim());
  };
  const accept = (index: number) => {
    const item = items[index];
    if (!item || !offers) return;
    const span = spanIn(offers.text, offers.span);
    const next = draft.slice(0, span.start) + item.insert + draft.slice(span.end);
    const cursor = span.start + unitsAt(item.insert, item.cursor);
    setDraft(next);
    setChosen(-1);
    setPlace(cursor);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(cursor, cursor);
    });
  };
  const onKey = (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (items.length === 0) return look();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setChosen((before) => (before + step + items.length + (before < 0 && step < 0 ? 1 : 0)) % items.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (chosen >= 0) accept(chosen);
      else apply(draft);
    } else if (event.key === "Escape" && items.length > 0) {
      event.preventDefault();
      close();
    }
  };
  return (
    <div className="relative grid grid-cols-[minmax(0,1fr)] gap-2">
      <search className="flex gap-2">
        <div className="min-w-0 flex-1">
          <Input
            aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
            aria-autocomplete="list"
            aria-controls={`${id}-offers`}
            aria-expanded={items.length > 0}
            aria-invalid={check.faults.length > 0 || undefined}
            aria-label={t.filter}
            autoComplete="off"
            className="font-mono text-xs"
            maxLength={4096}
            onBlur={close}
            onChange={(event) => {
              setDraft(event.target.value);
              setPlace(event.target.selectionStart);
              setChosen(-1);
            }}
            onKeyDown={onKey}
            placeholder={t.filterHint}
            ref={input}
            role="combobox"
            spellCheck={false}
            value={draft}
          />
        </div>
        <Button onClick={() => apply(draft)} variant="outline">
          <Search />
          <span className="max-sm:sr-only">{t.search}</span>
        </Button>
      </search>
      <Faults checked={check} onMend={setDraft} />
      {/* Below the faults: their ways out stay in reach. */}
      <div
        aria-label={t.offers}
        className={cn(
          "absolute top-full left-0 z-20 mt-1 max-h-72 w-full max-w-lg overflow-y-auto rounded-md border bg-card p-1 shadow-md",
          items.length === 0 && "hidden",
        )}
        id={`${id}-offers`}
        role="listbox"
        tabIndex={-1}
      >
        {items.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of a combobox are those of its input
          <div
            aria-selected={index === chosen}
            className={cn(
              "grid cursor-default gap-x-3 rounded-sm px-2 py-1 sm:grid-cols-[auto_minmax(0,1fr)]",
              index === chosen ? "bg-accent" : "hover:bg-accent/60",
            )}
            id={`${id}-${index}`}
            key={`${item.kind} ${item.label}`}
            onClick={() => accept(index)}
            onMouseDown={(event) => event.preventDefault()}
            role="option"
            tabIndex={-1}
          >
            <span className="break-all font-mono text-xs">{item.label}</span>
            <span className="truncate text-muted-foreground text-xs">{item.doc || item.detail}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
