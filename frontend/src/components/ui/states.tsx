"use client";

import { AlertTriangle } from "lucide-react";
import { ApiError } from "@/api/client";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { frameMessages } from "@/messages/frame";
import { Button } from "./button";

/** Nothing to show: what this place is for, and the one thing to do about it. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: React.ReactNode;
  action?: React.ReactNode;
}) {
  return (
    <div className="grid justify-items-center gap-3 rounded-lg border border-dashed p-8 text-center">
      <p className="font-medium">{title}</p>
      {children ? <div className="max-w-prose text-muted-foreground">{children}</div> : null}
      {action}
    </div>
  );
}

/** Why something failed, in the API's own words; with `retry` a way to try again. */
export function ErrorNote({ error, retry, className }: { error: unknown; retry?: () => void; className?: string }) {
  const t = useMessages(frameMessages);
  if (!error) return null;
  const known = error instanceof ApiError ? error : null;
  const text = known?.status === 0 ? t.unreachable : error instanceof Error ? error.message : String(error);
  return (
    <div
      className={cn("flex gap-3 rounded-md border border-destructive/50 bg-destructive/5 p-3 text-sm", className)}
      role="alert"
    >
      <AlertTriangle aria-hidden className="mt-0.5 size-4 shrink-0 text-destructive" />
      <div className="grid min-w-0 gap-1">
        <p className="break-words">{text}</p>
        {known?.requestId ? (
          <p className="break-all font-mono text-muted-foreground text-xs">{known.requestId}</p>
        ) : null}
        {retry ? (
          <Button className="justify-self-start" onClick={retry} size="small" variant="outline">
            {t.tryAgain}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

/** Stands where something is being loaded, as high as it will be. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn("animate-pulse rounded-md bg-muted", className)} />;
}

const TONES = {
  neutral: "bg-muted text-foreground",
  good: "bg-success/12 text-success",
  warning: "bg-warning/12 text-warning",
  bad: "bg-destructive/10 text-destructive",
  primary: "bg-primary/12 text-primary",
};

export function Badge({
  tone = "neutral",
  className,
  ...props
}: React.ComponentProps<"span"> & { tone?: keyof typeof TONES }) {
  return (
    <span
      className={cn(
        "inline-flex items-center gap-1 whitespace-nowrap rounded-full px-2 py-0.5 font-medium text-xs",
        TONES[tone],
        className,
      )}
      {...props}
    />
  );
}

export function Card({ className, ...props }: React.ComponentProps<"section">) {
  return <section className={cn("rounded-lg border bg-card p-4", className)} {...props} />;
}
