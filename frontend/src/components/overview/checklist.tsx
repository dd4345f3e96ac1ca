"use client";

import { useQuery } from "@tanstack/react-query";
import { Circle, CircleCheck } from "lucide-react";
import Link from "next/link";
import { api, data } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Code } from "@/components/ui/copy";
import { Card } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { overviewMessages } from "@/messages/overview";

const POLL = 2000;

/** What is left to do until the first call. The first call itself ends it: then the page shows the overview. */
export function Checklist({ keys }: { keys: number }) {
  const t = useMessages(overviewMessages);
  const providers = useQuery({
    queryKey: ["providers", "any"],
    queryFn: () => data(api.GET("/api/admin/providers", { params: { query: { page_size: 1 } } })),
    refetchInterval: POLL,
  });
  const models = useQuery({
    queryKey: ["models", "any"],
    queryFn: () => data(api.GET("/api/admin/models", { params: { query: { page_size: 1, is_active: true } } })),
    refetchInterval: POLL,
  });
  const provider = (providers.data?.total ?? 0) > 0;
  const model = models.data?.items[0]?.name;
  return (
    <Card className="max-w-3xl">
      <h2 className="font-semibold text-base">{t.start}</h2>
      <p className="mb-4 text-muted-foreground">{t.startHint}</p>
      <ol className="grid grid-cols-1 gap-5">
        <Step done={provider && model !== undefined} hint={t.stepProviderHint} title={t.stepProvider}>
          {provider ? null : (
            <Button asChild size="small">
              <Link href="/providers/">{t.addProvider}</Link>
            </Button>
          )}
          {model === undefined ? (
            <Button asChild size="small" variant={provider ? "primary" : "outline"}>
              <Link href="/models/">{t.addModel}</Link>
            </Button>
          ) : null}
        </Step>
        <Step done={keys > 0} hint={t.stepKeyHint} title={t.stepKey}>
          {keys > 0 ? null : (
            <Button asChild size="small" variant="outline">
              <Link href="/keys/">{t.makeKey}</Link>
            </Button>
          )}
        </Step>
        <Step done={false} hint={t.stepCallHint} title={t.stepCall}>
          <Code className="w-full min-w-0" text={curl(model ?? "MODEL")} />
          <p className="text-muted-foreground" role="status">
            {provider && model !== undefined && keys > 0 ? t.waiting : null}
          </p>
        </Step>
      </ol>
    </Card>
  );
}

function Step({
  done,
  title,
  hint,
  children,
}: {
  done: boolean;
  title: string;
  hint: string;
  children: React.ReactNode;
}) {
  const t = useMessages(overviewMessages);
  const Mark = done ? CircleCheck : Circle;
  return (
    <li className="flex gap-3">
      <Mark aria-hidden className={cn("mt-0.5 size-5 shrink-0", done ? "text-success" : "text-muted-foreground")} />
      <div className="grid min-w-0 flex-1 grid-cols-1 gap-2">
        <div>
          <h3 className="font-medium">
            {title} <span className="sr-only">({done ? t.done : t.open})</span>
          </h3>
          <p className="text-muted-foreground">{hint}</p>
        </div>
        <div className="flex min-w-0 flex-wrap gap-2 empty:hidden">{children}</div>
      </div>
    </li>
  );
}

function curl(model: string): string {
  return `curl ${typeof window === "undefined" ? "" : window.location.origin}/v1/chat/completions \\
  -H "authorization: Bearer $GATEWAY_KEY" \\
  -H 'content-type: application/json' \\
  -d '${JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }).replaceAll("'", "\\u0027")}'`;
}
