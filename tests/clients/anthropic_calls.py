"""Runs under one version of the `anthropic` package: makes calls through the gateway and prints what it got as JSON.

python anthropic_calls.py BASE_URL KEY MODEL
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import anthropic

base_url, key, model = sys.argv[1:]
client = anthropic.Anthropic(base_url=base_url, api_key=key, max_retries=0, timeout=20)
messages: Any = [{"role": "user", "content": "Say hello"}]
tools: Any = [
    {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
]


def plain() -> Any:
    answer = client.messages.create(model=model, max_tokens=100, messages=messages)
    return [type(answer).__name__, bool(answer.content[0].text), answer.usage.input_tokens > 0]


def stream() -> Any:
    events = list(client.messages.create(model=model, max_tokens=100, messages=messages, stream=True))
    return [events[0].type, events[-1].type]


def stream_helper() -> Any:
    with client.messages.stream(model=model, max_tokens=100, messages=messages) as events:
        text = "".join(events.text_stream)
        return [bool(text), events.get_final_message().usage.output_tokens > 0]


def tool() -> Any:
    answer = client.messages.create(model=model, max_tokens=100, messages=messages, tools=tools)
    return [[b.type for b in answer.content if b.type == "tool_use"][:1]]


def beta() -> Any:
    answer = client.beta.messages.create(
        model=model, max_tokens=100, messages=messages, betas=["token-counting-2024-11-01"]
    )
    return [type(answer).__name__]


def count_tokens() -> Any:
    return [client.messages.count_tokens(model=model, messages=messages).input_tokens > 0]


def models() -> Any:
    return [model in [m.id for m in client.models.list()], client.models.retrieve(model).id == model]


def fails(call: Callable[[], Any]) -> Any:
    try:
        call()
    except anthropic.AnthropicError as error:
        body = getattr(error, "body", None)
        kind = body.get("error", {}).get("type") if isinstance(body, dict) else None
        return [type(error).__name__, kind]
    return ["no error"]


def message(model: str = model, fault: str | None = None, stream: bool = False, key: str = key) -> Any:
    headers = {"x-replay-fault": fault} if fault else None
    calls = client.with_options(api_key=key).messages
    answer = calls.create(
        model=model, max_tokens=100, messages=messages, stream=stream, extra_headers=headers
    )
    return list(answer) if stream else answer


results = {
    call.__name__: call() for call in (plain, stream, stream_helper, tool, beta, count_tokens, models)
} | {
    "bad_key": fails(lambda: message(key="gwk_wrong")),
    "unknown_model": fails(lambda: message("nobody")),
    "bad_request": fails(lambda: message(fault="status;status=400")),
    "status_429": fails(lambda: message(fault="status;status=429;retry-after=1")),
    "status_500": fails(lambda: message(fault="status;status=500")),
    "status_529": fails(lambda: message(fault="status;status=529")),
    "cut_stream": fails(lambda: message(fault="truncate", stream=True)),
    "error_event": fails(lambda: message(fault="sse_error", stream=True)),
}
sys.stdout.write(json.dumps(results))
