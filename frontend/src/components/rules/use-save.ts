"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { ApiError, type Schemas } from "@/api/client";
import type { Refused } from "./code/services";
import { fetchStored, isStatus, type Place, type Stored, store } from "./place";
import { changedShare, replay } from "./replay";

/** A save that changes more of the recent decisions is asked about. */
export const MUCH = 0.1;
const LOOKED_AT = 1_000;
const PATIENCE_MS = 5_000;

/**
 * Storing a rule. Before, the draft runs over recent requests, if that is quick: `asking` holds a result that changes
 * much. `conflict` is what somebody else has stored meanwhile, `refused` what the gateway found wrong.
 */
export function useSave({
  model,
  place,
  stored,
  text,
  replayed,
  onSaved,
}: {
  model: string;
  place: Place;
  stored: Stored | null;
  text: string;
  /** A result for this text that is there already. */
  replayed: Schemas["ReplayResult"] | null;
  onSaved: () => void;
}) {
  const client = useQueryClient();
  const [base, setBase] = useState<Stored | null>(stored);
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<Schemas["ReplayResult"] | null>(null);
  const [conflict, setConflict] = useState<Stored | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const [error, setError] = useState<unknown>(null);
  // What is read again in the background may be somebody else's: it counts only while nothing was written here.
  useEffect(() => {
    setBase((before) => (before === null || (stored && before.text === stored.text) ? stored : before));
  }, [stored]);
  const commit = useCallback(
    async (etag: string) => {
      setBusy(true);
      setError(null);
      setRefused(null);
      try {
        setBase(await store(model, place, text, etag));
        setConflict(null);
        await Promise.all([
          client.invalidateQueries({ queryKey: ["models"] }),
          client.invalidateQueries({ queryKey: ["rule-tests", model] }),
        ]);
        onSaved();
      } catch (caught) {
        if (isStatus(caught, 412)) setConflict(await fetchStored(model, place).catch(() => null));
        else if (isStatus(caught, 422)) setRefused({ text, faults: caught.faults });
        if (!isStatus(caught, 412)) setError(caught);
      } finally {
        setBusy(false);
      }
    },
    [client, model, place, text, onSaved],
  );
  const save = async () => {
    if (busy || !base || text === base.text) return;
    setBusy(true);
    const result = replayed ?? (await quickly(model, place, text));
    if (result && changedShare(result) > MUCH) {
      setBusy(false);
      setAsking(result);
    } else await commit(base.etag);
  };
  return {
    base,
    busy,
    dirty: base !== null && text !== base.text,
    save,
    asking,
    answer: async (yes: boolean) => {
      setAsking(null);
      if (yes && base) await commit(base.etag);
    },
    conflict,
    /** Whose text stands: the other's, which becomes the base; or ours, stored over it. */
    settle: async (ours: boolean) => {
      if (!conflict) return;
      setConflict(null);
      if (ours) await commit(conflict.etag);
      else setBase(conflict);
    },
    dismiss: () => setConflict(null),
    refused: refused?.text === text ? refused : null,
    error: error instanceof ApiError && error.status === 422 && refused?.text !== text ? null : error,
  };
}

async function quickly(model: string, place: Place, text: string): Promise<Schemas["ReplayResult"] | null> {
  try {
    return await replay({ model, place, text, last: LOOKED_AT }, () => {}, AbortSignal.timeout(PATIENCE_MS));
  } catch {
    return null; // it takes too long, or another replay runs: then nothing is asked
  }
}
