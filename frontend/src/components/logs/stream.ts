/** Server-sent events of an answer joined to the body that it would have been without streaming. */

type Json = Record<string, unknown>;

/** The `data` of each event. The stored text may end in the middle of one: that one is left out. */
export function eventsOf(text: string): string[] {
  return text
    .replace(/^\uFEFF/, "")
    .split(/\r\n\r\n|\n\n|\r\r/)
    .map((event) =>
      event
        .split(/\r\n|\n|\r/)
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(line.startsWith("data: ") ? 6 : 5))
        .join("\n"),
    )
    .filter(Boolean);
}

/** The body; null where the text is no stream of a protocol that is known. */
export function joinStream(text: string): Json | null {
  const events = eventsOf(text).flatMap((event) => {
    try {
      const value: unknown = JSON.parse(event);
      return typeof value === "object" && value !== null ? [value as Json] : [];
    } catch {
      return [];
    }
  });
  if (events.some((event) => Array.isArray(event.choices))) return openai(events);
  if (events.some((event) => event.type === "message_start" || event.type === "content_block_delta"))
    return anthropic(events);
  const done = events.find(
    (event) => typeof event.response === "object" && String(event.type).startsWith("response.comp"),
  );
  if (done) return done.response as Json;
  return events.find((event) => event.error !== undefined) ?? null;
}

interface Call {
  id: string;
  function: { name: string; arguments: string };
}

interface Choice {
  message: { role: string; content: string; reasoning_content: string; refusal: string; tool_calls: Call[] };
}

function openai(events: Json[]): Json {
  const choices: Choice[] = [];
  for (const event of events) {
    for (const piece of list(event.choices)) {
      const index = Number(piece.index ?? 0);
      choices[index] ??= {
        message: { role: "assistant", content: "", reasoning_content: "", refusal: "", tool_calls: [] },
      };
      const { message } = choices[index];
      const delta = (piece.delta ?? {}) as Json;
      message.content += string(delta.content ?? piece.text);
      message.reasoning_content += string(delta.reasoning_content ?? delta.reasoning);
      message.refusal += string(delta.refusal);
      for (const call of list(delta.tool_calls)) {
        const place = Number(call.index ?? 0);
        message.tool_calls[place] ??= { id: "", function: { name: "", arguments: "" } };
        const made = message.tool_calls[place];
        const piece = (call.function ?? {}) as Json;
        made.id ||= string(call.id);
        made.function.name += string(piece.name);
        made.function.arguments += string(piece.arguments);
      }
    }
  }
  return { choices: choices.filter(Boolean) };
}

function anthropic(events: Json[]): Json {
  const blocks: Json[] = [];
  for (const event of events) {
    const index = Number(event.index ?? 0);
    if (event.type === "content_block_start") blocks[index] = { ...(event.content_block as Json), json: "" };
    if (event.type !== "content_block_delta") continue;
    blocks[index] ??= { json: "" };
    const block = blocks[index];
    const delta = (event.delta ?? {}) as Json;
    if (delta.text !== undefined) block.text = string(block.text) + string(delta.text);
    if (delta.thinking !== undefined) block.thinking = string(block.thinking) + string(delta.thinking);
    if (delta.partial_json !== undefined) block.json = string(block.json) + string(delta.partial_json);
  }
  const content = blocks.filter(Boolean).map(({ json, ...block }) => (json ? { ...block, input: json } : block));
  return { role: "assistant", content };
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "object" && each !== null) : [];
}

function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}
