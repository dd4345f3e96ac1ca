"use client";

import { createContext, useContext, useId } from "react";
import { cn } from "@/lib/utils";
import { useFault } from "./form";

const box =
  "w-full rounded-md border border-input bg-card px-3 text-sm placeholder:text-muted-foreground disabled:opacity-60 aria-invalid:border-destructive";

const Ids = createContext<{ id: string; describedBy?: string; invalid: boolean } | null>(null);

/** A labelled control: its `Input`, `Textarea`, `Select` or `Switch` finds label, hint and error by itself. */
export function Field({
  label,
  hint,
  error: given,
  pointer,
  children,
  className,
}: {
  label: React.ReactNode;
  hint?: React.ReactNode;
  error?: React.ReactNode;
  /** JSON pointer of the field in the body that is sent: faults the API finds there are shown here. */
  pointer?: string;
  children: React.ReactNode;
  className?: string;
}) {
  const id = useId();
  const fault = useFault(pointer);
  const error = given ?? fault?.message;
  const notes = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div className={cn("grid gap-1.5", className)}>
      <label className="font-medium text-sm" htmlFor={id}>
        {label}
      </label>
      <Ids.Provider value={{ id, describedBy: notes || undefined, invalid: Boolean(error) }}>{children}</Ids.Provider>
      {hint ? (
        <p className="text-muted-foreground text-xs" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
      {error ? (
        <p className="text-destructive text-xs" id={`${id}-error`} role="alert">
          {error}
        </p>
      ) : null}
    </div>
  );
}

function useField() {
  const field = useContext(Ids);
  if (!field) return {};
  return { id: field.id, "aria-describedby": field.describedBy, "aria-invalid": field.invalid || undefined };
}

export function Input({ className, ...props }: React.ComponentProps<"input">) {
  return <input className={cn(box, "h-9", className)} {...useField()} {...props} />;
}

export function Textarea({ className, ...props }: React.ComponentProps<"textarea">) {
  return <textarea className={cn(box, "min-h-20 py-2", className)} {...useField()} {...props} />;
}

/** The browser's own select: it works by keyboard, by touch and with every screen reader. */
export function Select({ className, ...props }: React.ComponentProps<"select">) {
  return <select className={cn(box, "h-9 pr-8", className)} {...useField()} {...props} />;
}

/** On or off, in force at once or with the form. */
export function Switch({
  checked,
  onChange,
  className,
  ...props
}: Omit<React.ComponentProps<"button">, "onChange"> & { checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <button
      aria-checked={checked}
      className={cn(
        "inline-flex h-5 w-9 shrink-0 items-center rounded-full border border-input p-0.5 transition-colors disabled:opacity-60",
        checked ? "bg-primary" : "bg-muted",
        className,
      )}
      onClick={() => onChange(!checked)}
      role="switch"
      type="button"
      {...useField()}
      {...props}
    >
      <span
        className={cn(
          "size-3.5 rounded-full transition-transform",
          checked ? "translate-x-4 bg-primary-foreground" : "bg-input",
        )}
      />
    </button>
  );
}

export function Checkbox({ label, className, ...props }: React.ComponentProps<"input"> & { label: React.ReactNode }) {
  return (
    <label className={cn("flex items-center gap-2 text-sm", className)}>
      <input className="size-4 accent-primary" type="checkbox" {...props} />
      {label}
    </label>
  );
}
