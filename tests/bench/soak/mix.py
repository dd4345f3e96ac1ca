"""What is asked, what the upstream makes of it, and what a client must get: all of it prepared once, as bytes."""

import json
from collections.abc import Iterator
from random import Random

import msgspec

STREAMS = 0.30
CANCELLED = 0.05
FAULTS = 0.02
PACES = {"quick": 0.0, "slow": 0.030, "long": 0.300}
"""Seconds within which a client leaves that does. The upstream takes some 20 ms over a slow answer, which is often over
before, and 600 ms over a long one, which never is. Quick answers are for clients that stay."""
LONG_SHARE = 0.2
"""Of the clients that leave."""
PROTOCOLS = ("openai", "anthropic")

_PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
_TEXT = "The quick brown fox jumps over the lazy dog. "

FAULT_STATUS = {"500": 500, "reset": 502, "reset-in": 502, "hang": 502, "garbage": 502}
"""What a client gets where the upstream answers 500, resets before or in its answer, cuts after a silence, or answers
with something that is no HTTP. A stream that is reset in its middle has begun with 200 and is cut."""


class Kind(msgspec.Struct, frozen=True):
    """A sort of request."""

    wire: bytes
    """The whole request, head and body."""
    status: int
    body: bytes
    """What must come back; empty where that is the gateway's own error."""
    cut: bool
    """The answer has no end."""
    wait: float
    """The client goes away at a random moment within so many seconds; 0: it stays."""


def marker(fault: str, pace: str, *, stream: bool) -> str:
    """What tells the upstream how to answer; it stands in a field that the gateway passes on."""
    return f"soak:{fault or 'none'}:{'stream' if stream else 'plain'}:{pace}"


def model(protocol: str) -> str:
    """The model that is asked for in a protocol."""
    return f"soak-{protocol}"


def request(protocol: str, mark: str, key: str, *, stream: bool) -> bytes:
    """A request as it goes over the wire."""
    body: dict[str, object] = {
        "model": model(protocol),
        "messages": [{"role": "user", "content": _TEXT * 8}],
        "max_tokens": 100,
        "stream": stream,
    }
    body |= {"user": mark} if protocol == "openai" else {"metadata": {"user_id": mark}}
    content = json.dumps(body).encode()
    auth = f"authorization: Bearer {key}" if protocol == "openai" else f"x-api-key: {key}"
    head = (
        f"POST {_PATHS[protocol]} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\nx-tenant: soak\r\n"
        f"anthropic-version: 2023-06-01\r\n{auth}\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def plain(protocol: str) -> bytes:
    """The body of a plain answer."""
    if protocol == "openai":
        message = {"role": "assistant", "content": _TEXT}
        usage = {"prompt_tokens": 70, "completion_tokens": 11, "total_tokens": 81}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        answer: dict[str, object] = {
            "id": "c-1",
            "object": "chat.completion",
            "model": "m",
            "choices": choices,
            "usage": usage,
        }
    else:
        answer = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [{"type": "text", "text": _TEXT}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 70, "output_tokens": 11},
        }
    return json.dumps(answer).encode()


def _choice(**delta: str) -> dict[str, object]:
    return {"index": 0, "delta": delta}


def events(protocol: str) -> list[bytes]:
    """The events of a stream."""
    words = _TEXT.split()
    if protocol == "openai":
        common: dict[str, object] = {"id": "c-1", "object": "chat.completion.chunk", "model": "m"}
        made = [common | {"choices": [_choice(content=f"{word} ")]} for word in words]
        usage = {"prompt_tokens": 70, "completion_tokens": 11, "total_tokens": 81}
        made.append(common | {"choices": [_choice() | {"finish_reason": "stop"}]})
        made.append(common | {"choices": [], "usage": usage})
        return [*(b"data: " + json.dumps(event).encode() + b"\n\n" for event in made), b"data: [DONE]\n\n"]
    begin: dict[str, object] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
    }
    block: dict[str, object] = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "text", "text": ""},
    }
    named: list[dict[str, object]] = [
        {"type": "message_start", "message": begin | {"usage": {"input_tokens": 70, "output_tokens": 1}}},
        block,
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f"{word} "}}
            for word in words
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 11}},
        {"type": "message_stop"},
    ]
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in named]


def kinds(keys: dict[str, str]) -> dict[tuple[str, bool, str, str], Kind]:
    """All sorts, by protocol, whether it is a stream, pace, and the upstream's fault.

    :param keys: an API key for each protocol.
    """
    found = {}
    for protocol in PROTOCOLS:
        whole = {True: b"".join(events(protocol)), False: plain(protocol)}
        for stream in (False, True):
            for pace, fault in [
                *((pace, "") for pace in PACES),
                *(("quick", fault) for fault in FAULT_STATUS),
            ]:
                mark = marker(fault, pace, stream=stream)
                wire = request(protocol, mark, keys[protocol], stream=stream)
                cut = fault == "reset-in" and stream
                status = FAULT_STATUS[fault] if fault and not cut else 200
                body = b"" if fault else whole[stream]
                found[protocol, stream, pace, fault] = Kind(wire, status, body, cut, PACES[pace])
    return found


def mixture(keys: dict[str, str], count: int, seed: int) -> Iterator[Kind]:
    """So many requests of all sorts; the same ones for the same seed."""
    random = Random(seed)
    sorts = kinds(keys)
    faults = tuple(FAULT_STATUS)
    for _ in range(count):
        pace = fault = ""
        if random.random() < CANCELLED:
            pace = "long" if random.random() < LONG_SHARE else "slow"
        elif random.random() < FAULTS / (1 - CANCELLED):
            fault = random.choice(faults)
        yield sorts[random.choice(PROTOCOLS), random.random() < STREAMS, pace or "quick", fault]
