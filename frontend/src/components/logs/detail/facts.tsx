"use client";

import { Card } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { recordMessages } from "@/messages/log";
import { logMessages } from "@/messages/logs";
import { endText } from "../list/columns";
import type { Record } from "../verdict";

/** All that is known of the request besides its bodies. */
export function Facts({ record }: { record: Record }) {
  const t = useMessages(recordMessages);
  const list = useMessages(logMessages);
  const format = useFormat();
  const count = (value: number | null) => (value === null ? t.unknown : format.number(value));
  const usage: [string, React.ReactNode][] = [
    [t.tokensIn, count(record.input_tokens)],
    [t.cached, count(record.cached_tokens)],
    [t.tokensOut, count(record.output_tokens)],
    [t.reasoning, count(record.reasoning_tokens)],
    [t.usageSource, record.usage_source === null ? t.unknown : t.source(record.usage_source)],
    [t.firstByte, record.first_byte_delay_ms === null ? t.unknown : format.duration(record.first_byte_delay_ms)],
    [t.duration, format.duration(record.total_time_ms)],
    [t.sizes, `${format.bytes(record.request_size)} / ${format.bytes(record.response_size)}`],
  ];
  const facts: [string, React.ReactNode][] = [
    [t.time, format.time(record.request_time)],
    ["UTC", record.request_time],
    [t.requestId, record.request_id],
    [t.path, `${record.method} ${record.path}`],
    [t.client, record.client_ip],
    [t.key, record.api_key_name],
    [t.model, record.requested_model],
    [t.target, record.provider === null ? null : `${record.provider} · ${record.target_model ?? ""}`],
    [t.status, record.status],
    [t.endReason, endText(list, record.end_reason)],
    [t.errorCode, record.error_code],
    [t.revision, format.number(record.revision)],
  ];
  return (
    <div className="grid items-start gap-3 md:grid-cols-2">
      <Pairs pairs={usage} />
      <Pairs pairs={facts} />
    </div>
  );
}

function Pairs({ pairs }: { pairs: [string, React.ReactNode][] }) {
  const t = useMessages(recordMessages);
  return (
    <Card>
      <dl className="grid gap-x-4 gap-y-2 sm:grid-cols-[auto_minmax(0,1fr)]">
        {pairs.map(([name, value]) => (
          <div className="contents" key={name}>
            <dt className="text-muted-foreground">{name}</dt>
            <dd className="tabular-nums [overflow-wrap:anywhere] max-sm:mb-1">{value ?? t.unknown}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
