"use client";

import Link from "next/link";
import type { Schemas } from "@/api/client";
import { Badge } from "@/components/ui/states";
import type { Format } from "@/lib/format";
import type { logMessages } from "@/messages/logs";
import type { Scalar } from "../conditions";
import { statusTone } from "../words";

export type Log = Schemas["Log"];
export type LogTexts = (typeof logMessages)["zh"];

export interface Context {
  t: LogTexts;
  format: Format;
  /** A value was clicked: its place, the field of the filter, and what it is. */
  onPick: (place: HTMLElement, picked: Picked) => void;
}

export interface Picked {
  label: string;
  field: string;
  value: Scalar | null;
}

export interface LogColumn {
  id: string;
  /** Width in pixels. */
  width: number;
  /** Seen unless somebody chose otherwise. */
  usual: boolean;
  numbers?: boolean;
  header: (t: LogTexts) => string;
  cell: (log: Log, context: Context) => React.ReactNode;
}

function Value({
  context,
  label,
  field,
  value,
  children,
}: Omit<Picked, "value"> & { value: Scalar | null; context: Context; children?: React.ReactNode }) {
  return (
    <button
      className="max-w-full truncate rounded-sm text-left hover:underline"
      onClick={(event) => context.onPick(event.currentTarget, { label, field, value })}
      title={typeof value === "string" ? value : undefined}
      type="button"
    >
      {children ?? (value === null ? <span className="text-muted-foreground">–</span> : String(value))}
    </button>
  );
}

export const COLUMNS: LogColumn[] = [
  {
    id: "time",
    width: 122,
    usual: true,
    header: (t) => t.time,
    cell: (log, { t }) => {
      return (
        <Link
          aria-label={t.open(clock(log.request_time))}
          className="text-primary tabular-nums underline-offset-4 hover:underline"
          href={`/logs/view/?id=${log.request_id}`}
          prefetch={false}
          title={log.request_time}
        >
          {clock(log.request_time)}
        </Link>
      );
    },
  },
  {
    id: "status",
    width: 114,
    usual: true,
    header: (t) => t.status,
    cell: (log, context) => (
      <span className="flex items-center gap-1.5">
        <Value context={context} field="status" label={context.t.status} value={log.status}>
          <Badge tone={statusTone(log)}>{log.status}</Badge>
        </Value>
        {log.retry_count > 0 ? (
          <Value context={context} field="retry_count" label={context.t.tries(2)} value={log.retry_count}>
            <Badge tone="warning">{context.t.tries(log.retry_count + 1)}</Badge>
          </Value>
        ) : null}
      </span>
    ),
  },
  {
    id: "model",
    width: 160,
    usual: true,
    header: (t) => t.model,
    cell: (log, context) => (
      <span className="flex min-w-0 items-center gap-1">
        <Value context={context} field="model" label={context.t.model} value={log.requested_model} />
        {log.target_model !== null && log.target_model !== log.requested_model ? (
          <>
            <span aria-hidden className="text-muted-foreground">
              →
            </span>
            <Value context={context} field="target_model" label={context.t.model} value={log.target_model} />
          </>
        ) : null}
      </span>
    ),
  },
  {
    id: "provider",
    width: 108,
    usual: true,
    header: (t) => t.provider,
    cell: (log, context) => (
      <Value context={context} field="provider" label={context.t.provider} value={log.provider} />
    ),
  },
  {
    id: "key",
    width: 68,
    usual: true,
    header: (t) => t.key,
    cell: (log, context) => (
      <Value context={context} field="api_key.name" label={context.t.key} value={log.api_key_name} />
    ),
  },
  {
    id: "first",
    width: 86,
    usual: true,
    numbers: true,
    header: (t) => t.firstByte,
    cell: (log, { format }) => (log.first_byte_delay_ms === null ? "–" : format.duration(log.first_byte_delay_ms)),
  },
  {
    id: "total",
    width: 72,
    usual: true,
    numbers: true,
    header: (t) => t.duration,
    cell: (log, { format }) => format.duration(log.total_time_ms),
  },
  {
    id: "tokens",
    width: 88,
    usual: true,
    numbers: true,
    header: (t) => t.tokens,
    cell: (log, { format }) => {
      const write = (count: number | null) => (count === null ? "–" : format.number(count));
      return `${write(log.input_tokens)} / ${write(log.output_tokens)}`;
    },
  },
  {
    id: "error",
    width: 150,
    usual: true,
    header: (t) => t.error,
    cell: (log, context) => (
      <Value context={context} field="error_code" label={context.t.error} value={log.error_code} />
    ),
  },
  {
    id: "stream",
    width: 80,
    usual: false,
    header: (t) => t.stream,
    cell: (log, context) => (
      <Value context={context} field="stream" label={context.t.stream} value={log.is_stream}>
        {log.is_stream ? context.t.yes : context.t.no}
      </Value>
    ),
  },
  {
    id: "end",
    width: 130,
    usual: false,
    header: (t) => t.end,
    cell: (log, context) => (
      <Value context={context} field="end_reason" label={context.t.end} value={log.end_reason}>
        {endText(context.t, log.end_reason)}
      </Value>
    ),
  },
  {
    id: "path",
    width: 190,
    usual: false,
    header: (t) => t.endpoint,
    cell: (log, context) => <Value context={context} field="path" label={context.t.endpoint} value={log.path} />,
  },
  {
    id: "client",
    width: 130,
    usual: false,
    header: (t) => t.client,
    cell: (log, context) => (
      <Value context={context} field="client.ip" label={context.t.client} value={log.client_ip} />
    ),
  },
];

/** Day and time as short as they line up: 11-24 10:49:29. */
function clock(iso: string): string {
  const time = new Date(iso);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":")}`;
}

export function endText(t: LogTexts, reason: Log["end_reason"]): string {
  return reason === "error" ? t.ended_error : t[reason];
}
