"use client";

import { useState } from "react";
import { api } from "@/api/client";
import { Confirm } from "@/components/ui/dialog";
import { useToast } from "@/components/ui/toast";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { type Model, useRefresh, useTraffic } from "./queries";

/** On, off and delete. What takes a model from clients asks first and says how much traffic it has; put `question` on the page. */
export function useModelActions({ onRemoved }: { onRemoved?: () => void } = {}) {
  const t = useMessages(modelMessages);
  const format = useFormat();
  const toast = useToast();
  const refresh = useRefresh();
  const traffic = useTraffic();
  const [asking, setAsking] = useState<{ what: "off" | "remove"; model: Model } | null>(null);
  const where = (model: Model) => ({ params: { path: { model: model.name } } });
  const turn = async (model: Model, on: boolean) => {
    await api.PATCH("/api/admin/models/{model}", { ...where(model), body: { is_active: on } });
    await refresh();
    const back = () => void turn(model, !on).catch(toast.fail);
    toast.say(on ? t.wasOn(model.name) : t.wasOff(model.name), { label: t.undo, run: back });
  };
  const act = async () => {
    if (!asking) return;
    const { what, model } = asking;
    if (what === "off") return turn(model, false);
    await api.DELETE("/api/admin/models/{model}", where(model));
    toast.say(t.wasRemoved(model.name));
    onRemoved?.();
    await refresh(model.name);
  };
  const count = asking ? (traffic.of.get(asking.model.name)?.requests ?? 0) : 0;
  const name = asking?.model.name ?? "";
  return {
    toggle: (model: Model) => {
      if (model.is_active) setAsking({ what: "off", model });
      else void turn(model, true).catch(toast.fail);
    },
    remove: (model: Model) => setAsking({ what: "remove", model }),
    question: asking ? (
      <Confirm
        act={act}
        action={asking.what === "off" ? t.turnOff : t.remove}
        cancel={t.cancel}
        onOpenChange={() => setAsking(null)}
        open
        title={asking.what === "off" ? t.offTitle(name) : t.removeTitle(name)}
      >
        <p>{asking.what === "off" ? t.offText : t.removeText}</p>
        {traffic.known ? (
          <p className="mt-2 font-medium">{count > 0 ? t.traffic(format.number(count)) : t.noTraffic}</p>
        ) : null}
      </Confirm>
    ) : null,
  };
}
