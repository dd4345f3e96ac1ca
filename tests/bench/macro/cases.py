"""What is sent and what is answered: made from a fixed seed, so that two runs send the same bytes."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

MODEL = "bench-chat"
"""The model callers of the gateway ask for; the upstream knows it as `UPSTREAM_MODEL`."""
MESSAGES_MODEL = "bench-messages"
UPSTREAM_MODEL = "chat-large-2026-01-01"

FLOOD_EVENTS = 64
FLOOD_EVENT_BYTES = 64 * 1024

_SENTENCE = (
    "a gateway stands between programs and models it reads which model is asked for looks up who asks chooses the "
    "provider that shall answer passes the answer on as it comes and writes down what was used"
)
_WORDS = _SENTENCE.split()


class Case(msgspec.Struct, frozen=True):
    """One kind of request. Its files: `NAME.asked` for the gateway, `NAME.request` for the others, the answer."""

    name: str
    path: str
    answer: bytes
    bytes_asked: int
    events: int = 0
    """Of a streamed answer."""

    @property
    def answer_file(self) -> str:
        return self.name + (".sse" if self.events else ".json")


def write(folder: Path) -> dict[str, Case]:
    """The files of all cases, for the upstream and the callers."""
    cases = {}
    for name, path, asked, answer in _cases():
        sent = json.dumps({**asked, "model": UPSTREAM_MODEL}).encode()
        wanted = json.dumps(asked).encode()
        case = Case(name, path, answer, len(wanted), answer.count(b"data: ") if asked.get("stream") else 0)
        (folder / f"{name}.request").write_bytes(sent)
        (folder / f"{name}.asked").write_bytes(wanted)
        (folder / case.answer_file).write_bytes(answer)
        cases[name] = case
    return cases


def _cases() -> Iterator[tuple[str, str, dict[str, Any], bytes]]:
    chat, messages = "/v1/chat/completions", "/v1/messages"
    streamed = {"stream": True, "stream_options": {"include_usage": True}}
    small = _small(random.Random(1))
    answer = _completion(_text(random.Random(2), 450))
    yield "small", chat, small, answer
    yield "large", chat, _large(random.Random(3)), answer
    yield "stream", chat, small | streamed, _completion_stream([" gateway"] * 62)
    flood = [_text(random.Random(4), FLOOD_EVENT_BYTES)] * FLOOD_EVENTS
    yield "flood", chat, small | streamed | {"user": "flood"}, _completion_stream(flood)
    asked = _message_request(random.Random(5))
    yield "messages", messages, asked, _message(_text(random.Random(6), 450))
    yield "messages-stream", messages, asked | {"stream": True}, _message_stream([" gateway"] * 60)


def _text(chance: random.Random, size: int) -> str:
    """About `size` characters of words."""
    words = []
    while size > 0:
        words.append(chance.choice(_WORDS))
        size -= len(words[-1]) + 1
    return " ".join(words)


def _turns(chance: random.Random) -> list[dict[str, Any]]:
    sizes = {"user": 500, "assistant": 400}
    return [{"role": role, "content": _text(chance, sizes[role])} for role in ("user", "assistant", "user")]


def _small(chance: random.Random) -> dict[str, Any]:
    """About 2 kB; members in the order in which OpenAI's Python client sends them."""
    system = {"role": "system", "content": _text(chance, 400)}
    return {
        "messages": [system, *_turns(chance)],
        "model": MODEL,
        "max_tokens": 256,
        "temperature": 0.7,
    }


def _message_request(chance: random.Random) -> dict[str, Any]:
    return {
        "max_tokens": 256,
        "messages": _turns(chance),
        "model": MESSAGES_MODEL,
        "system": _text(chance, 400),
        "temperature": 0.7,
    }


def _large(chance: random.Random) -> dict[str, Any]:
    """About 200 kB: an agent far into its work, with 20 tools."""
    turns: list[dict[str, Any]] = [{"role": "system", "content": _text(chance, 4000)}]
    for number in range(42):
        call = {"id": f"call_{number:03}", "type": "function"}
        arguments = json.dumps({"path": _text(chance, 250)})
        called = call | {"function": {"name": f"tool_{number % 20}", "arguments": arguments}}
        turns += [
            {"role": "user", "content": _text(chance, 1200)},
            {"role": "assistant", "content": None, "tool_calls": [called]},
            {"role": "tool", "tool_call_id": call["id"], "content": _text(chance, 2400)},
        ]
    tools = []
    for number in range(20):
        properties = {f"part_{n}": {"type": "string", "description": _text(chance, 90)} for n in range(6)}
        function = {
            "name": f"tool_{number}",
            "description": _text(chance, 250),
            "parameters": {"type": "object", "properties": properties, "required": ["part_0"]},
        }
        tools.append({"type": "function", "function": function})
    return {"messages": turns, "model": MODEL, "temperature": 0.7, "tools": tools}


_USAGE = {
    "prompt_tokens": 412,
    "completion_tokens": 96,
    "total_tokens": 508,
    "prompt_tokens_details": {"cached_tokens": 128, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}


def _completion(text: str) -> bytes:
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _compact(
        {
            "id": "chatcmpl-benchmark0000000000000000",
            "object": "chat.completion",
            "created": 1760000000,
            "model": UPSTREAM_MODEL,
            "choices": [choice],
            "usage": _USAGE,
            "service_tier": "default",
            "system_fingerprint": "fp_benchmark",
        }
    )


def _completion_stream(words: list[str]) -> bytes:
    """An event for the role, one for each word, the end, the usage, `[DONE]`."""
    base = {
        "id": "chatcmpl-benchmark0000000000000000",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": UPSTREAM_MODEL,
        "service_tier": "default",
        "system_fingerprint": "fp_benchmark",
    }
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": word}, None) for word in words]
    deltas.append(({}, "stop"))
    events = []
    for delta, reason in deltas:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        events.append(base | {"choices": [choice], "usage": None})
    events.append(base | {"choices": [], "usage": _USAGE})
    return b"".join([b"data: %b\n\n" % _compact(event) for event in events] + [b"data: [DONE]\n\n"])


def _message(text: str) -> bytes:
    return _compact(
        _message_head() | {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}
    )


def _message_head() -> dict[str, Any]:
    return {
        "id": "msg_benchmark000000000000000",
        "type": "message",
        "role": "assistant",
        "model": UPSTREAM_MODEL,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 412, "cache_read_input_tokens": 128, "output_tokens": 96},
    }


def _message_stream(words: list[str]) -> bytes:
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": _message_head()},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
    ]
    for word in words:
        delta = {"type": "text_delta", "text": word}
        events.append({"type": "content_block_delta", "index": 0, "delta": delta})
    events += [
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 96}},
        {"type": "message_stop"},
    ]
    return b"".join(b"event: %b\ndata: %b\n\n" % (e["type"].encode(), _compact(e)) for e in events)


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
