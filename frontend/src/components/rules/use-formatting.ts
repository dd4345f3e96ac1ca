"use client";

import { api, data } from "@/api/client";
import { useToast } from "@/components/ui/toast";

/** Brings the text into its canonical form; faults are under it anyway. */
export function useFormatting(text: string, onText: (text: string) => void): () => void {
  const toast = useToast();
  return async () => {
    try {
      onText((await data(api.POST("/api/admin/rules/format", { body: { text } }))).text);
    } catch (error) {
      toast.fail(error);
    }
  };
}
