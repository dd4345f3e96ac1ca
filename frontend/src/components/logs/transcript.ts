/** Stored bodies as a conversation: roles and their parts, whatever the protocol. What is not understood stays JSON. */

import { joinStream } from "./stream";

export type Part =
  | { kind: "text" | "thinking" | "refusal" | "media"; text: string }
  | { kind: "call"; name: string; id: string; text: string }
  | { kind: "result"; id: string; text: string }
  | { kind: "other"; text: string };

export interface Message {
  role: string;
  parts: Part[];
}

type Json = Record<string, unknown>;

/** The messages of a request; null where the body is none that is known. */
export function requestMessages(text: string): Message[] | null {
  const body = parsed(text);
  if (!body) return null;
  const found: Message[] = [];
  const system = body.system ?? body.instructions;
  if (system !== undefined && system !== null) found.push({ role: "system", parts: partsOf(system) });
  if (Array.isArray(body.messages)) found.push(...body.messages.map(messageOf));
  else if (Array.isArray(body.input)) found.push(...body.input.map(itemOf));
  else if (body.input !== undefined) found.push({ role: "user", parts: partsOf(body.input) });
  else if (body.prompt !== undefined) found.push({ role: "user", parts: partsOf(body.prompt) });
  return found.length > 0 ? found : null;
}

/** The messages of an answer, whole or as a stream; null where it is neither. */
export function answerMessages(text: string): Message[] | null {
  const body = parsed(text) ?? joinStream(text);
  if (!body) return null;
  if (Array.isArray(body.choices)) {
    return body.choices.map((choice) => {
      const known = object(choice);
      if (known.message) return messageOf(known.message);
      return { role: "assistant", parts: partsOf(known.text) };
    });
  }
  if (Array.isArray(body.output)) return body.output.map(itemOf);
  if (body.role !== undefined && Array.isArray(body.content)) return [messageOf(body)];
  const error = object(body.error);
  if (typeof error.message === "string") return [{ role: "error", parts: [{ kind: "text", text: error.message }] }];
  return null;
}

function parsed(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null;
  } catch {
    return null;
  }
}

function messageOf(value: unknown): Message {
  const message = object(value);
  const parts: Part[] = [];
  const thought = message.reasoning_content ?? message.reasoning;
  if (typeof thought === "string" && thought) parts.push({ kind: "thinking", text: thought });
  if (message.role === "tool") {
    parts.push({ kind: "result", id: String(message.tool_call_id ?? ""), text: plain(message.content) });
  } else {
    parts.push(...partsOf(message.content));
  }
  if (typeof message.refusal === "string" && message.refusal) parts.push({ kind: "refusal", text: message.refusal });
  if (Array.isArray(message.tool_calls)) {
    for (const call of message.tool_calls) {
      const made = object(object(call).function);
      parts.push({
        kind: "call",
        name: String(made.name ?? ""),
        id: String(object(call).id ?? ""),
        text: pretty(made.arguments),
      });
    }
  }
  return { role: String(message.role ?? "user"), parts };
}

/** An item of the Responses API: a message, a call, a result, or something else. */
function itemOf(value: unknown): Message {
  const item = object(value);
  if (item.type === "function_call") {
    const call: Part = {
      kind: "call",
      name: String(item.name ?? ""),
      id: String(item.call_id ?? ""),
      text: pretty(item.arguments),
    };
    return { role: "assistant", parts: [call] };
  }
  if (item.type === "function_call_output") {
    return { role: "tool", parts: [{ kind: "result", id: String(item.call_id ?? ""), text: plain(item.output) }] };
  }
  if (item.role !== undefined) return messageOf(item);
  return { role: String(item.type ?? "user"), parts: partsOf(typeof value === "string" ? value : [value]) };
}

function partsOf(content: unknown): Part[] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return content === "" ? [] : [{ kind: "text", text: content }];
  if (!Array.isArray(content)) return [{ kind: "other", text: pretty(content) }];
  return content.map(partOf);
}

function partOf(value: unknown): Part {
  if (typeof value === "string") return { kind: "text", text: value };
  const part = object(value);
  if (typeof part.text === "string") return { kind: "text", text: part.text };
  if (typeof part.thinking === "string") return { kind: "thinking", text: part.thinking };
  if (typeof part.refusal === "string") return { kind: "refusal", text: part.refusal };
  if (part.type === "tool_use") {
    return { kind: "call", name: String(part.name ?? ""), id: String(part.id ?? ""), text: pretty(part.input) };
  }
  if (part.type === "tool_result")
    return { kind: "result", id: String(part.tool_use_id ?? ""), text: plain(part.content) };
  if (/image|audio|file|document|video/.test(String(part.type))) return { kind: "media", text: pretty(part) };
  return { kind: "other", text: pretty(value) };
}

function plain(content: unknown): string {
  return partsOf(content)
    .map((part) => part.text)
    .join("\n");
}

/** JSON laid out, where it is some; arguments of tool calls come as text. */
export function pretty(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}
