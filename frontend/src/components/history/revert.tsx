"use client";

import { useQueryClient } from "@tanstack/react-query";
import { api, data, type Schemas } from "@/api/client";
import { Confirm } from "@/components/ui/dialog";
import { useToast } from "@/components/ui/toast";
import { useMessages } from "@/lib/i18n";
import { historyMessages } from "@/messages/history";
import { useSentence } from "./sentence";

/** Asks, and takes a change back. Where that can't be, the window says why. */
export function Revert({ revision, onClose }: { revision: Schemas["Revision"]; onClose: () => void }) {
  const t = useMessages(historyMessages);
  const sentence = useSentence()(revision);
  const client = useQueryClient();
  const toast = useToast();
  const revert = async () => {
    const call = api.POST("/api/admin/revisions/{revision_id}/revert", {
      params: { path: { revision_id: revision.id } },
    });
    const { notes } = await data(call);
    // It may be anything that has changed.
    await client.invalidateQueries();
    toast.say([t.reverted, ...notes].join(" "));
  };
  return (
    <Confirm
      act={revert}
      action={t.revert}
      cancel={t.cancel}
      onOpenChange={onClose}
      open
      title={t.revertTitle(sentence)}
    >
      {t.revertText}
    </Confirm>
  );
}
