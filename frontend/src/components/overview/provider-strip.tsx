"use client";

import Link from "next/link";
import type { Schemas } from "@/api/client";
import { Card } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { overviewMessages } from "@/messages/overview";
import { share } from "./values";

type Provider = Schemas["OverviewProvider"];

const HEIGHT = 24;

/** How each provider did over time. */
export function ProviderStrip({ providers }: { providers: Provider[] }) {
  const t = useMessages(overviewMessages);
  const format = useFormat();
  return (
    <Card>
      <h2 className="mb-2 font-medium">{t.providers}</h2>
      {providers.length === 0 ? <p className="text-muted-foreground">{t.quiet}</p> : null}
      <ul className="grid gap-x-6 gap-y-3 sm:grid-cols-2 xl:grid-cols-3">
        {providers.map((provider) => (
          <li className="grid min-w-0 gap-1" key={provider.id}>
            <span className="flex items-baseline justify-between gap-2">
              <Link className="truncate font-medium hover:underline" href={`/providers/?open=${provider.id}`}>
                {provider.name ?? provider.id}
              </Link>
              <span className="whitespace-nowrap text-muted-foreground text-xs tabular-nums">
                {t.providerLine(
                  format.compact(provider.requests),
                  format.percent(share(provider.errors, provider.requests)),
                )}
              </span>
            </span>
            <Sparkline provider={provider} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Sparkline({ provider }: { provider: Provider }) {
  const t = useMessages(overviewMessages);
  const format = useFormat();
  const { requests_by_bucket: requests, errors_by_bucket: errors } = provider;
  const most = Math.max(1, ...requests);
  const high = (count: number) => (count === 0 ? 0 : Math.max(1.5, (count / most) * HEIGHT));
  return (
    <svg
      aria-label={t.sparkline(
        provider.name ?? String(provider.id),
        format.number(provider.requests),
        format.number(provider.errors),
      )}
      className="h-6 w-full rounded-sm bg-muted"
      preserveAspectRatio="none"
      role="img"
      viewBox={`0 0 ${requests.length * 4} ${HEIGHT}`}
    >
      {requests.map((count, bucket) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is the time
        <g key={bucket}>
          <rect fill="var(--series-1)" height={high(count)} width={3} x={bucket * 4} y={HEIGHT - high(count)} />
          <rect
            fill="var(--series-4)"
            height={high(errors[bucket] ?? 0)}
            width={3}
            x={bucket * 4}
            y={HEIGHT - high(errors[bucket] ?? 0)}
          />
        </g>
      ))}
    </svg>
  );
}
