"use client";

import type { Schemas } from "@/api/client";
import { Badge } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { providerMessages } from "@/messages/providers";
import { condition, type Provider } from "./values";

/** Whether a provider can be used, and how it fares. What keeps it out of routing is said in full. */
export function State({
  provider,
  group,
  problems,
}: {
  provider: Provider;
  group: Schemas["StatGroup"] | undefined;
  /** What the configuration had to leave out, as the gateway says it. */
  problems: string[];
}) {
  const t = useMessages(providerMessages);
  if (!provider.is_active) return <Badge>{t.disabled}</Badge>;
  const start = `provider ${provider.name}: `;
  const problem = problems.find((text) => text.startsWith(start));
  if (problem) {
    return (
      <>
        <Badge tone="bad">{t.leftOut}</Badge>
        <span className="block text-destructive text-xs">{problem.slice(start.length)}</span>
      </>
    );
  }
  const found = condition(group?.requests ?? 0, group?.errors ?? 0);
  if (found === "failing") return <Badge tone="bad">{t.failing}</Badge>;
  if (found === "some") return <Badge tone="warning">{t.someErrors}</Badge>;
  return <Badge tone="good">{t.active}</Badge>;
}
