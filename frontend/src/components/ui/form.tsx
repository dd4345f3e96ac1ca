"use client";

import { createContext, useContext, useState } from "react";
import { ApiError, type FieldProblem } from "@/api/client";
import { ErrorNote } from "./states";

const Faults = createContext<FieldProblem[]>([]);
const Busy = createContext(false);

/**
 * A form whose submission goes to the API. While it runs `useBusy` says so; the faults the API finds are shown by the
 * `Field`s with their `pointer`, and above the buttons where there is none.
 */
export function Form({
  submit,
  pointers = [],
  buttons,
  children,
  className = "grid gap-4",
}: {
  /** Called with the named inputs. What it throws is shown. */
  submit: (values: FormData) => Promise<unknown>;
  /** The pointers that have a field here. */
  pointers?: string[];
  buttons: React.ReactNode;
  children: React.ReactNode;
  className?: string;
}) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const faults = error instanceof ApiError ? error.faults : [];
  const placed = faults.length > 0 && faults.every((fault) => pointers.includes(fault.pointer));
  return (
    <form
      className={className}
      onSubmit={async (event) => {
        event.preventDefault();
        if (busy) return;
        const form = event.currentTarget;
        setBusy(true);
        setError(null);
        try {
          await submit(new FormData(form));
        } catch (caught) {
          setError(caught);
          requestAnimationFrame(() => form.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
        } finally {
          setBusy(false);
        }
      }}
    >
      <Faults.Provider value={faults}>
        <Busy.Provider value={busy}>
          {children}
          {placed ? null : <ErrorNote error={error} />}
          {buttons}
        </Busy.Provider>
      </Faults.Provider>
    </form>
  );
}

/** The fault found in the field with this pointer. */
export function useFault(pointer: string | undefined): FieldProblem | undefined {
  const faults = useContext(Faults);
  return pointer === undefined ? undefined : faults.find((fault) => fault.pointer === pointer);
}

/** The form around is being submitted. */
export function useBusy(): boolean {
  return useContext(Busy);
}
