import { describe, expect, it } from "vitest";
import { answerMessages, requestMessages } from "./transcript";

const events = (...all: unknown[]) => all.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");

describe("requests", () => {
  it("of chat completions have parts, calls and results", () => {
    const body = {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What?" },
            { type: "image_url", image_url: { url: "x" } },
          ],
        },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c1", function: { name: "look", arguments: '{"a":1}' } }],
        },
        { role: "tool", tool_call_id: "c1", content: "found" },
      ],
    };
    const [user, assistant, tool] = requestMessages(JSON.stringify(body)) ?? [];
    expect(user?.parts.map((part) => part.kind)).toEqual(["text", "media"]);
    expect(assistant?.parts).toEqual([{ kind: "call", name: "look", id: "c1", text: '{\n  "a": 1\n}' }]);
    expect(tool?.parts).toEqual([{ kind: "result", id: "c1", text: "found" }]);
  });

  it("of Anthropic and of the Responses API begin with their instructions", () => {
    const messages = [{ role: "user", content: "Hi" }];
    expect(requestMessages(JSON.stringify({ system: "Be kind", messages }))?.map(({ role }) => role)).toEqual([
      "system",
      "user",
    ]);
    expect(requestMessages(JSON.stringify({ instructions: "x", input: "Hi" }))).toHaveLength(2);
    expect(requestMessages(JSON.stringify({ prompt: "Hi" }))?.[0]?.parts[0]?.text).toBe("Hi");
  });

  it("that are cut or strange are not guessed at", () => {
    expect(requestMessages('{"messages":[{"ro')).toBeNull();
    expect(requestMessages("[]")).toBeNull();
    expect(requestMessages('{"messages":[null,3]}')).toHaveLength(2);
  });
});

describe("answers", () => {
  it("streamed by OpenAI are joined", () => {
    const text = events(
      { choices: [{ index: 0, delta: { role: "assistant", content: "He" } }] },
      { choices: [{ index: 0, delta: { content: "llo" } }] },
      {
        choices: [
          { index: 0, delta: { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "{" } }] } },
        ],
      },
      { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: "}" } }] } }] },
    );
    expect(answerMessages(`${text}data: [DONE]\n\n`)?.[0]?.parts).toEqual([
      { kind: "text", text: "Hello" },
      { kind: "call", name: "f", id: "c", text: "{}" },
    ]);
  });

  it("streamed by Anthropic are joined, a cut last event is left out", () => {
    const text = events(
      { type: "message_start", message: {} },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } },
      { type: "content_block_start", index: 1, content_block: { type: "tool_use", id: "t", name: "f", input: {} } },
      { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '{"q":1}' } },
    );
    const [message] = answerMessages(`${text}data: {"type":"content_bl`) ?? [];
    expect(message?.parts).toEqual([
      { kind: "text", text: "Hi" },
      { kind: "call", name: "f", id: "t", text: '{\n  "q": 1\n}' },
    ]);
  });

  it("whole ones are read, errors too", () => {
    expect(answerMessages('{"choices":[{"message":{"role":"assistant","content":"Hi"}}]}')?.[0]?.parts[0]?.text).toBe(
      "Hi",
    );
    expect(
      answerMessages('{"role":"assistant","content":[{"type":"thinking","thinking":"hm"}]}')?.[0]?.parts[0]?.kind,
    ).toBe("thinking");
    expect(answerMessages('{"error":{"message":"No"}}')?.[0]?.role).toBe("error");
    expect(answerMessages("<html>")).toBeNull();
  });
});
