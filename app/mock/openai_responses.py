"""OpenAI's responses: what Codex and newer SDK calls speak. `openai.py` next door has the older routes."""

import time
from collections.abc import Iterator

from app.mock.reply import BadRequest, Json, Prompt, Reply, Tool, plain_text


def read(body: Json) -> Prompt:
    """:raises BadRequest: without `input`."""
    given = body.get("input")
    if not given or not isinstance(given, str | list):
        raise BadRequest("Missing required parameter: 'input'.", "input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    instructions = body.get("instructions")
    texts = [plain_text(item.get("content", item.get("output"))) for item in items]
    tools = [tool for tool in body.get("tools") or () if tool.get("type") == "function"]
    choice = body.get("tool_choice")
    return Prompt(
        model=body["model"],
        texts=(instructions, *texts) if isinstance(instructions, str) else tuple(texts),
        last=texts[-1],
        max_tokens=body.get("max_output_tokens"),
        tools=tuple(Tool(tool["name"], tool.get("parameters") or {}) for tool in tools),
        forced=choice.get("name") if isinstance(choice, dict) else "" if choice == "required" else None,
        tools_allowed=choice != "none" and items[-1].get("type") != "function_call_output",
    )


def response(reply: Reply) -> Json:
    status = "incomplete" if reply.cut else "completed"
    used = {
        "input_tokens": reply.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": reply.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }
    cause = {"reason": "max_output_tokens"} if reply.cut else None
    return _base(reply, status) | {
        "incomplete_details": cause,
        "output": [_item(reply, status)],
        "usage": used,
    }


def events(reply: Reply) -> Iterator[Json]:
    """The events of a stream, each with its `type`; the numbering counts them all."""
    for number, event in enumerate(_events(reply)):
        yield event | {"sequence_number": number}


def _events(reply: Reply) -> Iterator[Json]:
    started = _base(reply, "in_progress")
    yield {"type": "response.created", "response": started}
    yield {"type": "response.in_progress", "response": started}
    done = _item(reply, "incomplete" if reply.cut else "completed")
    place = {"item_id": done["id"], "output_index": 0}
    if reply.tool:
        begun = done | {"status": "in_progress", "arguments": ""}
        yield {"type": "response.output_item.added", "output_index": 0, "item": begun}
        for piece in reply.pieces:
            yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
        yield {"type": "response.function_call_arguments.done", **place, "arguments": reply.text}
    else:
        part = {**place, "content_index": 0}
        begun = done | {"status": "in_progress", "content": []}
        yield {"type": "response.output_item.added", "output_index": 0, "item": begun}
        yield {"type": "response.content_part.added", **part, "part": _part("")}
        for piece in reply.pieces:
            yield {"type": "response.output_text.delta", **part, "delta": piece, "logprobs": []}
        yield {"type": "response.output_text.done", **part, "text": reply.text, "logprobs": []}
        yield {"type": "response.content_part.done", **part, "part": _part(reply.text)}
    yield {"type": "response.output_item.done", "output_index": 0, "item": done}
    yield {"type": "response.incomplete" if reply.cut else "response.completed", "response": response(reply)}


def _item(reply: Reply, status: str) -> Json:
    if reply.tool:
        call = {"call_id": f"call_{reply.id}", "name": reply.tool, "arguments": reply.text}
        return {"type": "function_call", "id": f"fc_{reply.id}", "status": status, **call}
    content = [_part(reply.text)]
    return {
        "type": "message",
        "id": f"msg_{reply.id}",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def _part(text: str) -> Json:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _base(reply: Reply, status: str) -> Json:
    return {
        "id": f"resp_{reply.id}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": reply.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
        "metadata": {},
    }
