"use client";

import { useQuery } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { useMessages } from "@/lib/i18n";
import { providerMessages } from "@/messages/providers";
import { hourly } from "./values";

const HEIGHT = 24;

/** Requests of a provider hour by hour over the last day; failed ones in another colour. */
export function Sparkline({ providerId }: { providerId: number }) {
  const t = useMessages(providerMessages);
  const stats = useQuery({
    queryKey: ["stats", "provider-hours", providerId],
    queryFn: () =>
      data(
        api.GET("/api/admin/stats", {
          params: { query: { group_by: "time", interval: "hour", provider_id: providerId } },
        }),
      ),
    staleTime: 60_000,
  });
  const hours = hourly(stats.data?.items ?? [], Date.now());
  const most = Math.max(1, ...hours.map(({ requests }) => requests));
  const share = (count: number) => (count === 0 ? 0 : Math.max(1.5, (count / most) * HEIGHT));
  return (
    <svg aria-label={t.perHour} className="h-6 w-24" role="img" viewBox={`0 0 96 ${HEIGHT}`}>
      <rect fill="var(--border)" height={1} width={96} x={0} y={HEIGHT - 1} />
      {hours.map(({ requests, errors }, hour) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is the hour
        <g key={hour}>
          <rect fill="var(--series-1)" height={share(requests)} width={3} x={hour * 4} y={HEIGHT - share(requests)} />
          <rect fill="var(--series-4)" height={share(errors)} width={3} x={hour * 4} y={HEIGHT - share(errors)} />
        </g>
      ))}
    </svg>
  );
}
