"""Anthropic's dialect: messages, token counts, models, errors. Shapes as of `anthropic-version: 2023-06-01`."""

from collections.abc import Iterator

from app.mock.reply import BadRequest, Json, Prompt, Reply, Tool, count_tokens, plain_text

_ERROR_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def error(status: int, message: str, request_id: str) -> Json:
    kind = _ERROR_TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


def read(body: Json) -> Prompt:
    """:raises BadRequest: without `messages` or `max_tokens`."""
    if not isinstance(body.get("max_tokens"), int):
        raise BadRequest("max_tokens: Field required")
    return read_countable(body)


def read_countable(body: Json) -> Prompt:
    """:raises BadRequest: without `messages`."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages: Field required")
    texts = [plain_text(message.get("content")) for message in messages]
    choice = body.get("tool_choice") or {}
    last = messages[-1].get("content")
    results = [part for part in last if part.get("type") == "tool_result"] if isinstance(last, list) else []
    return Prompt(
        model=body["model"],
        texts=(plain_text(body["system"]), *texts) if "system" in body else tuple(texts),
        last=texts[-1] or "\n".join(plain_text(part.get("content")) for part in results),
        max_tokens=body.get("max_tokens"),
        tools=tuple(
            Tool(tool["name"], tool["input_schema"])
            for tool in body.get("tools") or ()
            if "input_schema" in tool
        ),
        forced=choice.get("name", "") if choice.get("type") in ("any", "tool") else None,
        tools_allowed=choice.get("type") != "none" and not results,
    )


def message(reply: Reply) -> Json:
    used = _usage(reply) | {"output_tokens": reply.output_tokens}
    return _start(reply) | {"content": [_block(reply)], "stop_reason": _stop(reply), "usage": used}


def events(reply: Reply) -> Iterator[Json]:
    """The events of a stream, each with its `type`."""
    yield {"type": "message_start", "message": _start(reply)}
    empty: Json = {"input": {}} if reply.tool else {"text": ""}
    yield {"type": "content_block_start", "index": 0, "content_block": _block(reply) | empty}
    yield {"type": "ping"}
    for piece in reply.pieces:
        delta = (
            {"type": "input_json_delta", "partial_json": piece}
            if reply.tool
            else {"type": "text_delta", "text": piece}
        )
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    end = {"stop_reason": _stop(reply), "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": reply.output_tokens}}
    yield {"type": "message_stop"}


def token_count(body: Json) -> Json:
    """:raises BadRequest: without `messages`."""
    return {"input_tokens": count_tokens(read_countable(body).texts)}


def model(name: str) -> Json:
    return {"type": "model", "id": name, "display_name": name, "created_at": "2023-11-14T22:13:20Z"}


def models(names: tuple[str, ...]) -> Json:
    items = [model(name) for name in names]
    return {"data": items, "has_more": False, "first_id": names[0], "last_id": names[-1]}


def _start(reply: Reply) -> Json:
    return {
        "id": f"msg_{reply.id}",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(reply),
    }


def _usage(reply: Reply) -> Json:
    return {
        "input_tokens": reply.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 1,
        "service_tier": "standard",
    }


def _block(reply: Reply) -> Json:
    if reply.tool:
        return {"type": "tool_use", "id": f"toolu_{reply.id}", "name": reply.tool, "input": reply.arguments}
    return {"type": "text", "text": reply.text}


def _stop(reply: Reply) -> str:
    return "max_tokens" if reply.cut else "tool_use" if reply.tool else "end_turn"
