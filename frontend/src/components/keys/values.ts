/** What the form of a key shows as text, and reads back. */

export type Metadata = Record<string, string | number | boolean>;

/** Lines of name=value. Numbers, true and false are those; in quotes they are texts. Lines at fault go to `wrong`. */
export function readMetadata(text: string, wrong: string[]): Metadata {
  const found: Metadata = {};
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    const equals = line.indexOf("=");
    const name = line.slice(0, equals).trim();
    if (equals < 1 || !name) wrong.push(line.trim());
    else found[name] = read(line.slice(equals + 1).trim());
  }
  return found;
}

function read(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) && String(Number(text)) === text) return Number(text);
  if (/^".*"$/.test(text)) {
    try {
      return String(JSON.parse(text));
    } catch {
      return text;
    }
  }
  return text;
}

export function showMetadata(metadata: Metadata | undefined): string {
  return Object.entries(metadata ?? {})
    .map(([name, value]) => {
      const plain = String(value);
      const ambiguous = typeof value === "string" && (read(plain) !== value || plain !== plain.trim());
      return `${name}=${ambiguous ? JSON.stringify(value) : plain}`;
    })
    .join("\n");
}

/** A moment as `datetime-local` has it, in the reader's time zone. */
export function localTime(iso: string | null | undefined): string {
  if (!iso) return "";
  const moment = new Date(iso);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
