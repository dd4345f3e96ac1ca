"""Server-sent events in tests, read and written apart from `app.protocols`: neither vouches for itself."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One event: its `event:` name (None where it has none) and its `data:` lines joined."""

    name: str | None
    data: str

    def json(self) -> Any:
        return json.loads(self.data)


def events(text: bytes | str) -> list[Event]:
    """All events of a stream without comments and without an unfinished last event (WHATWG HTML 9.2.6)."""
    if isinstance(text, bytes):
        text = text.decode()
    blocks = text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n")
    return [event for block in blocks[:-1] if (event := _event(block))]


def _event(block: str) -> Event | None:
    name, data = None, []
    for line in block.split("\n"):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
    return Event(name, "\n".join(data)) if data else None


def openai_stream(
    *pieces: str, model: str = "m", usage: dict[str, int] | None = None, done: bool = True
) -> bytes:
    """A chat completion stream with one event for each piece of text."""
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]} for piece in pieces
    ]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if usage is not None:
        chunks.append({"choices": [], "usage": usage})
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
    lines = [f"data: {json.dumps(base | item)}\n\n" for item in chunks]
    return "".join([*lines, "data: [DONE]\n\n"] if done else lines).encode()


def anthropic_stream(*pieces: str, model: str = "m", input_tokens: int = 5, output_tokens: int = 3) -> bytes:
    """A message stream with one `content_block_delta` for each piece of text."""
    start: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": input_tokens, "output_tokens": 1},
    }
    body: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            for piece in pieces
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": output_tokens},
        },
        {"type": "message_stop"},
    ]
    return "".join(f"event: {item['type']}\ndata: {json.dumps(item)}\n\n" for item in body).encode()


def joined_text(stream: Iterable[Event]) -> str:
    """The text of a chat completion or message stream."""
    pieces = []
    for event in stream:
        if event.data == "[DONE]":
            continue
        value = event.json()
        if value.get("choices"):
            pieces.append(value["choices"][0]["delta"].get("content") or "")
        elif value.get("type") == "content_block_delta":
            pieces.append(value["delta"].get("text", ""))
    return "".join(pieces)
