"use client";

import { Plus } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Empty } from "@/components/ui/states";
import { useToast } from "@/components/ui/toast";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { modelMessages } from "@/messages/models";
import { type Model, type Target, useDefaults, useProviders, useRefresh } from "./queries";
import { useReorder } from "./reorder";
import { useSpread } from "./share";
import { labelOf, storyOf } from "./story";
import { TargetCard } from "./target-card";
import { TargetForm } from "./target-form";

/** The targets of a model in their order: add, change, remove, move. */
export function TargetList({ model }: { model: Model }) {
  const t = useMessages(modelMessages);
  const toast = useToast();
  const refresh = useRefresh();
  const { providers } = useProviders();
  const defaults = useDefaults();
  const spread = useSpread(model);
  const { list, said, drag, step, grab } = useReorder(model);
  const [form, setForm] = useState<{ id: number | null } | null>(null);
  const [removing, setRemoving] = useState<Target | null>(null);
  const story = defaults ? storyOf(model, providers, defaults) : null;
  const total = [...(spread?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  const where = (target: Target) => ({ path: { model: model.name, target_id: target.id } });
  const toggle = async (target: Target) => {
    const body = { is_active: !target.is_active };
    const name = labelOf(target, model.targets);
    try {
      await api.PATCH("/api/admin/models/{model}/targets/{target_id}", { params: where(target), body });
      toast.say(body.is_active ? t.wasOn(name) : t.wasOff(name), {
        label: t.undo,
        run: () => void toggle({ ...target, ...body }),
      });
    } catch (error) {
      toast.fail(error);
    }
    await refresh();
  };
  const remove = async () => {
    if (!removing) return;
    const params = { ...where(removing), header: { "If-Match": removing.etag } };
    await api.DELETE("/api/admin/models/{model}/targets/{target_id}", { params });
    toast.say(t.targetRemoved(labelOf(removing, model.targets)));
    await refresh();
  };
  const add = (
    <Button onClick={() => setForm({ id: null })} size="small" variant="outline">
      <Plus />
      {t.addTarget}
    </Button>
  );
  return (
    <div className="grid gap-3">
      {model.targets.length === 0 ? (
        <Empty action={add} title={t.targetsEmpty}>
          {t.targetsEmptyHint}
        </Empty>
      ) : (
        <ol className="grid gap-2" ref={list}>
          {model.targets.map((target, place) => (
            <TargetCard
              className={cn(
                drag?.from === place && "opacity-50",
                drag?.gap === place &&
                  "before:-top-1.5 before:absolute before:inset-x-0 before:h-0.5 before:bg-primary",
                drag?.gap === place + 1 &&
                  place === model.targets.length - 1 &&
                  "after:-bottom-1.5 after:absolute after:inset-x-0 after:h-0.5 after:bg-primary",
              )}
              key={target.id}
              model={model}
              onEdit={() => setForm({ id: target.id })}
              onGrab={() => grab(place)}
              onRemove={() => setRemoving(target)}
              onStep={(towards) => step(place, towards)}
              onToggle={() => toggle(target)}
              place={place}
              target={target}
              traffic={
                spread && story
                  ? {
                      planned: story.shares.get(target.id),
                      ruled: story.ruled.length > 0,
                      requests: spread.get(target.id) ?? 0,
                      total,
                    }
                  : null
              }
            />
          ))}
        </ol>
      )}
      <p aria-live="polite" className="sr-only">
        {said}
      </p>
      {model.targets.length > 0 ? <div>{add}</div> : null}
      {form ? (
        <TargetForm
          model={model}
          onClose={() => setForm(null)}
          target={model.targets.find((target) => target.id === form.id) ?? null}
        />
      ) : null}
      {removing ? (
        <Confirm
          act={remove}
          action={t.remove}
          cancel={t.cancel}
          onOpenChange={() => setRemoving(null)}
          open
          title={t.removeTargetTitle(labelOf(removing, model.targets))}
        >
          {model.targets.length > 1 ? t.removeTargetText : t.removeLastText}
        </Confirm>
      ) : null}
    </div>
  );
}
