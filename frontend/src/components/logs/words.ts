/** How a record looks at a glance. */

export function statusTone(log: { status: number; has_error: boolean }): "good" | "warning" | "bad" {
  if (log.status >= 500 || (log.status < 400 && log.has_error)) return "bad";
  return log.status >= 400 ? "warning" : "good";
}
