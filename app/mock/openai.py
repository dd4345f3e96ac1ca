"""OpenAI's dialect: chat completions, completions, embeddings, models, errors. `openai_responses.py` has the rest.

Shapes as in OpenAI's API reference, version 1.
"""

import base64
import hashlib
import math
import struct
import time
from collections.abc import Iterator
from typing import Any

from app.mock.reply import BadRequest, Json, Prompt, Reply, Tool, count_tokens, plain_text

_ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def error(status: int, message: str, param: str | None = None, code: str | None = None) -> Json:
    kind = _ERROR_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def read_chat(body: Json) -> Prompt:
    """:raises BadRequest: without `messages`."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("Missing required parameter: 'messages'.", "messages")
    texts = tuple(plain_text(message.get("content")) for message in messages)
    tools = [tool["function"] for tool in body.get("tools") or () if tool.get("type") == "function"]
    choice = body.get("tool_choice")
    forced = choice["function"]["name"] if isinstance(choice, dict) else "" if choice == "required" else None
    return Prompt(
        model=body["model"],
        texts=texts,
        last=texts[-1],
        max_tokens=body.get("max_completion_tokens", body.get("max_tokens")),
        tools=tuple(Tool(tool["name"], tool.get("parameters") or {}) for tool in tools),
        forced=forced,
        tools_allowed=choice != "none" and messages[-1].get("role") != "tool",
        include_usage=_wants_usage(body),
    )


def chat(reply: Reply) -> Json:
    message: Json = {"role": "assistant", "content": reply.text, "refusal": None, "annotations": []}
    if reply.tool:
        call = {"name": reply.tool, "arguments": reply.text}
        message |= {
            "content": None,
            "tool_calls": [{"id": _call_id(reply), "type": "function", "function": call}],
        }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(reply)}
    return _chat_base(reply, "chat.completion") | {"choices": [choice], "usage": usage(reply)}


def chat_events(reply: Reply) -> Iterator[Json]:
    base = _chat_base(reply, "chat.completion.chunk") | ({"usage": None} if reply.include_usage else {})

    def event(delta: Json, finish: str | None = None) -> Json:
        return base | {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}

    if reply.tool:
        start = {"index": 0, "id": _call_id(reply), "type": "function"}
        start |= {"function": {"name": reply.tool, "arguments": ""}}
        yield event({"role": "assistant", "content": None, "tool_calls": [start], "refusal": None})
        for piece in reply.pieces:
            yield event({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
    else:
        yield event({"role": "assistant", "content": "", "refusal": None})
        for piece in reply.pieces:
            yield event({"content": piece})
    yield event({}, _finish(reply))
    if reply.include_usage:
        yield base | {"choices": [], "usage": usage(reply)}


def usage(reply: Reply) -> Json:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def read_completion(body: Json) -> Prompt:
    """:raises BadRequest: without `prompt`."""
    prompt = body.get("prompt")
    if not isinstance(prompt, str | list):
        raise BadRequest("Missing required parameter: 'prompt'.", "prompt")
    texts = (prompt,) if isinstance(prompt, str) else tuple(map(str, prompt))
    return Prompt(
        model=body["model"],
        texts=texts,
        last=texts[-1] if texts else "",
        max_tokens=body.get("max_tokens"),
        include_usage=_wants_usage(body),
    )


def completion(reply: Reply) -> Json:
    choice = {"text": reply.text, "index": 0, "logprobs": None, "finish_reason": _finish(reply)}
    return _completion_base(reply) | {"choices": [choice], "usage": usage(reply)}


def completion_events(reply: Reply) -> Iterator[Json]:
    for number, piece in enumerate(reply.pieces, 1):
        finish = _finish(reply) if number == len(reply.pieces) else None
        choice = {"text": piece, "index": 0, "logprobs": None, "finish_reason": finish}
        yield _completion_base(reply) | {"choices": [choice]}
    if reply.include_usage:
        yield _completion_base(reply) | {"choices": [], "usage": usage(reply)}


def embeddings(body: Json) -> Json:
    """Unit vectors that depend on the text alone; `dimensions` [8] of them.

    :raises BadRequest: without `input`.
    """
    given = body.get("input")
    if not given or not isinstance(given, str | list):
        raise BadRequest("Missing required parameter: 'input'.", "input")
    # A list of texts, or of token lists, is many inputs; a list of numbers is one.
    inputs = given if isinstance(given, list) and not isinstance(given[0], int) else [given]
    texts = [str(item) for item in inputs]
    as_base64 = body.get("encoding_format") == "base64"
    items = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if as_base64 else vector}
        for index, vector in enumerate(_vector(text, body.get("dimensions") or 8) for text in texts)
    ]
    tokens = count_tokens(texts)
    return {
        "object": "list",
        "data": items,
        "model": body["model"],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "mock"}


def models(names: tuple[str, ...]) -> Json:
    return {"object": "list", "data": [model(name) for name in names]}


def _wants_usage(body: Json) -> bool:
    return bool((body.get("stream_options") or {}).get("include_usage"))


def _vector(text: str, dimensions: int) -> list[float]:
    seeds = (
        hashlib.sha256(f"{number}:{text}".encode("utf-8", "replace")).digest() for number in range(dimensions)
    )
    values = [int.from_bytes(seed[:8]) / 2**63 - 1 for seed in seeds]
    length = math.sqrt(sum(value * value for value in values))
    return [value / length for value in values]


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _chat_base(reply: Reply, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{reply.id}",
        "object": kind,
        "created": int(time.time()),
        "model": reply.model,
        "service_tier": "default",
        "system_fingerprint": "fp_mock",
    }


def _completion_base(reply: Reply) -> Json:
    created = int(time.time())
    return {"id": f"cmpl-{reply.id}", "object": "text_completion", "created": created, "model": reply.model}


def _call_id(reply: Reply) -> str:
    return f"call_{reply.id}"


def _finish(reply: Reply) -> str:
    return "length" if reply.cut else "tool_calls" if reply.tool else "stop"
