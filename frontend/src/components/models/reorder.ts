"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { api } from "@/api/client";
import { useToast } from "@/components/ui/toast";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { gapAt, moved } from "./order";
import { type Model, modelKey, useRefresh } from "./queries";
import { labelOf } from "./story";

/** Pixels at the top and bottom of the window where dragging scrolls. */
const EDGE = 40;

/**
 * Puts the targets of a model in order, by buttons and by dragging a handle. The list shows the new order at once; the
 * old one comes back if the gateway refuses. `said` is for a live region.
 */
export function useReorder(model: Model) {
  const t = useMessages(modelMessages);
  const client = useQueryClient();
  const toast = useToast();
  const refresh = useRefresh();
  const list = useRef<HTMLOListElement>(null);
  const [said, setSaid] = useState("");
  const [drag, setDrag] = useState<{ from: number; gap: number } | null>(null);
  const [focus, setFocus] = useState<{ id: number; place: number; towards: "up" | "down" } | null>(null);

  // A button that has moved with its row may have lost the focus, or be at the end where it does nothing.
  useLayoutEffect(() => {
    if (!focus || model.targets[focus.place]?.id !== focus.id) return;
    const button = (towards: string) =>
      list.current?.querySelector<HTMLButtonElement>(`[data-move="${towards}-${focus.id}"]:not(:disabled)`);
    (button(focus.towards) ?? button(focus.towards === "up" ? "down" : "up"))?.focus();
    setFocus(null);
  }, [focus, model.targets]);

  // One write after the other; what the gateway says is read once the last has answered.
  const writing = useRef({ last: Promise.resolve(), count: 0 });
  const put = async (order: Model["targets"], undo?: Model["targets"]) => {
    const queue = writing.current;
    queue.count += 1;
    await client.cancelQueries({ queryKey: modelKey(model.name) });
    client.setQueryData<Model>(modelKey(model.name), (now) => now && { ...now, targets: order });
    const body = { target_ids: order.map((target) => target.id) };
    queue.last = queue.last.then(async () => {
      try {
        await api.PUT("/api/admin/models/{model}/targets/order", { params: { path: { model: model.name } }, body });
        if (undo) toast.say(t.ordered, { label: t.undo, run: () => void put(undo) });
      } catch (error) {
        toast.fail(error);
      }
      queue.count -= 1;
      if (queue.count === 0) await refresh();
    });
  };
  const move = (from: number, gap: number) => {
    const target = model.targets[from];
    const order = moved(model.targets, from, gap);
    const place = target ? order.indexOf(target) : from;
    if (!target || place === from) return;
    setSaid(t.moved(labelOf(target, model.targets), place + 1, order.length));
    void put(order, model.targets);
  };
  const step = (from: number, towards: "up" | "down") => {
    const target = model.targets[from];
    if (target) setFocus({ id: target.id, place: towards === "up" ? from - 1 : from + 1, towards });
    move(from, towards === "up" ? from - 1 : from + 2);
  };

  // The listeners stand while something is dragged and always see the latest state.
  const latest = useRef({ drag, move });
  latest.current = { drag, move };
  const dragging = drag !== null;
  useEffect(() => {
    if (!dragging) return;
    const follow = (event: PointerEvent) => {
      const boxes = [...(list.current?.children ?? [])].map((row) => row.getBoundingClientRect());
      setDrag((now) => now && { ...now, gap: gapAt(event.clientY, boxes) });
      const below = event.clientY - (window.innerHeight - EDGE);
      if (below > 0 || event.clientY < EDGE) window.scrollBy(0, below > 0 ? below : event.clientY - EDGE);
    };
    const drop = () => {
      const { drag: last, move: put } = latest.current;
      setDrag(null);
      if (last) put(last.from, last.gap);
    };
    const cancel = () => setDrag(null);
    const giveUp = (event: KeyboardEvent) => {
      if (event.key === "Escape") cancel();
    };
    window.addEventListener("pointermove", follow);
    window.addEventListener("pointerup", drop);
    window.addEventListener("pointercancel", cancel);
    window.addEventListener("keydown", giveUp);
    return () => {
      window.removeEventListener("pointermove", follow);
      window.removeEventListener("pointerup", drop);
      window.removeEventListener("pointercancel", cancel);
      window.removeEventListener("keydown", giveUp);
    };
  }, [dragging]);

  return { list, said, drag, step, grab: (from: number) => setDrag({ from, gap: from }) };
}
