"use client";

import { useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Badge } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { logMessages } from "@/messages/logs";
import type { Picked } from "./columns";
import { LogTable } from "./log-table";
import { type Tail, useTail } from "./tail";

/** New requests as they come. While somebody reads further down, or selects text, nothing moves. */
export function Live({
  filter,
  visible,
  onCondition,
}: {
  filter: string;
  visible: Record<string, boolean>;
  onCondition: (picked: Picked, wanted: boolean) => void;
}) {
  const t = useMessages(logMessages);
  const format = useFormat();
  const place = useRef<HTMLDivElement>(null);
  const paused = usePaused(place);
  const tail = useTail(filter, true, paused);
  const resume = () => {
    window.getSelection()?.removeAllRanges();
    window.scrollTo({ top: 0 });
  };
  const texts = { connecting: t.liveWait, open: t.liveOn, lost: t.liveLost };
  return (
    <div className="scroll-mt-20" ref={place}>
      <div className="sticky top-0 z-10 mb-2 flex min-h-9 flex-wrap items-center gap-3 bg-background py-1 max-md:top-13">
        <Badge tone={tail.connection === "open" ? "good" : "warning"}>{texts[tail.connection]}</Badge>
        {paused ? (
          <>
            <span className="text-muted-foreground text-xs">{t.livePaused}</span>
            <Button onClick={resume} size="small" variant="outline">
              {t.liveNew(format.number(tail.waiting))}
            </Button>
          </>
        ) : null}
      </div>
      <Summary tail={tail} />
      {tail.rows.length > 0 ? (
        <LogTable logs={tail.rows} onCondition={onCondition} visible={visible} />
      ) : (
        <p className="rounded-lg border border-dashed p-8 text-center text-muted-foreground">{t.liveNone}</p>
      )}
    </div>
  );
}

/** Every five seconds what came, in a sentence: rows that move cannot be read out. */
function Summary({ tail }: { tail: Tail }) {
  const t = useMessages(logMessages);
  const format = useFormat();
  const [text, setText] = useState("");
  const latest = useRef(tail);
  latest.current = tail;
  const said = useRef({ heard: 0, failed: 0 });
  useEffect(() => {
    const timer = setInterval(() => {
      const { heard, failed } = latest.current;
      if (heard === said.current.heard) return;
      setText(t.liveHeard(format.number(heard - said.current.heard), format.number(failed - said.current.failed)));
      said.current = { heard, failed };
    }, 5000);
    return () => clearInterval(timer);
  }, [t, format]);
  return (
    <p aria-live="polite" className="sr-only" data-heard={tail.heard}>
      {text}
    </p>
  );
}

function usePaused(place: React.RefObject<HTMLElement | null>): boolean {
  const [paused, setPaused] = useState(false);
  useEffect(() => {
    const look = () => {
      const element = place.current;
      if (!element) return;
      const selection = window.getSelection();
      const selecting = selection && !selection.isCollapsed && element.contains(selection.anchorNode);
      setPaused(element.getBoundingClientRect().top < 0 || Boolean(selecting));
    };
    window.addEventListener("scroll", look, { passive: true });
    document.addEventListener("selectionchange", look);
    return () => {
      window.removeEventListener("scroll", look);
      document.removeEventListener("selectionchange", look);
    };
  }, [place]);
  return paused;
}
