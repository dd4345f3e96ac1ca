"""Runs under one version of the `openai` package: makes calls through the gateway and prints what it got as JSON.

python openai_calls.py BASE_URL KEY MODEL
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import openai

base_url, key, model = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=20)
messages: Any = [{"role": "user", "content": "Say hello"}]
tools: Any = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]


def plain() -> Any:
    answer = client.chat.completions.create(model=model, messages=messages)
    return [type(answer).__name__, bool(answer.choices[0].message.content), answer.usage.total_tokens > 0]


def stream() -> Any:
    options: Any = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(model=model, messages=messages, stream=True, stream_options=options)
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    return [
        {type(c).__name__ for c in chunks} == {"ChatCompletionChunk"},
        bool(text),
        chunks[-1].usage is not None,
    ]


def tool() -> Any:
    answer = client.chat.completions.create(model=model, messages=messages, tools=tools)
    call = answer.choices[0].message.tool_calls[0]
    return [bool(call.function.name), isinstance(json.loads(call.function.arguments), dict)]


def tool_stream() -> Any:
    chunks = client.chat.completions.create(model=model, messages=messages, tools=tools, stream=True)
    calls = [c for chunk in chunks if chunk.choices for c in chunk.choices[0].delta.tool_calls or []]
    return [bool(calls and calls[0].function.name)]


def embeddings() -> Any:
    answer = client.embeddings.create(model=model, input="hello")
    return [type(answer).__name__, len(answer.data[0].embedding) > 100]


def responses() -> Any:
    answer = client.responses.create(model=model, input="Say hello")
    return [type(answer).__name__, bool(answer.output_text)]


def responses_stream() -> Any:
    events = [e.type for e in client.responses.create(model=model, input="Say hello", stream=True)]
    return [events[0], events[-1]]


def models() -> Any:
    return [model in [m.id for m in client.models.list()], client.models.retrieve(model).id == model]


def fails(call: Callable[[], Any]) -> Any:
    try:
        call()
    except openai.OpenAIError as error:
        return [type(error).__name__, getattr(error, "code", None), bool(getattr(error, "request_id", None))]
    return ["no error"]


def chat(model: str = model, fault: str | None = None, stream: bool = False, key: str = key) -> Any:
    headers = {"x-replay-fault": fault} if fault else None
    calls = client.with_options(api_key=key).chat.completions
    answer = calls.create(model=model, messages=messages, stream=stream, extra_headers=headers)
    return list(answer) if stream else answer


results = {
    call.__name__: call()
    for call in (plain, stream, tool, tool_stream, embeddings, responses, responses_stream, models)
} | {
    "bad_key": fails(lambda: chat(key="gwk_wrong")),
    "unknown_model": fails(lambda: chat("nobody")),
    "bad_request": fails(lambda: chat(fault="status;status=400")),
    "status_429": fails(lambda: chat(fault="status;status=429;retry-after=1")),
    "status_500": fails(lambda: chat(fault="status;status=500")),
    "status_503": fails(lambda: chat(fault="status;status=503")),
    "cut_stream": fails(lambda: chat(fault="truncate", stream=True)),
    "error_event": fails(lambda: chat(fault="sse_error", stream=True)),
}
sys.stdout.write(json.dumps(results))
