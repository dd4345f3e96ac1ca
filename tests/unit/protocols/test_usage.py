"""Usage readers over small streams and bodies; `tests/recorded/test_usage.py` has the real ones."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.usage import Usage
from app.protocols.answer import MAX_TEXT_CHARACTERS
from app.protocols.endpoints import ENDPOINTS
from app.protocols.usage import UsageReader, output_text, read_usage
from tests.support.sse import anthropic_stream, openai_stream


def read(endpoint: str, *chunks: bytes) -> UsageReader:
    reader = UsageReader(endpoint)
    for chunk in chunks:
        reader.feed(chunk)
    reader.close()
    return reader


def events(*items: Any) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(item).encode() for item in items)


def named(*items: dict[str, Any]) -> bytes:
    return b"".join(b"event: %b\ndata: %b\n\n" % (i["type"].encode(), json.dumps(i).encode()) for i in items)


def choice(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def test_chat_stream() -> None:
    usage: dict[str, Any] = {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 1},
    }
    reader = read("chat/completions", openai_stream("Hel", "lo", usage=usage))
    assert reader.usage == Usage(input=9, output=4, cached=2, reasoning=1)
    assert (reader.ended, reader.error, reader.at_boundary) == (True, False, True)
    assert reader.output_text() == "Hello"


def test_chat_end_is_done_or_a_finish_reason_of_every_choice() -> None:
    assert not read("chat/completions", events(choice({"content": "a"}))).ended
    assert read("chat/completions", events(choice({"content": "a"}, "stop"))).ended
    assert read("chat/completions", b"data: [DONE]\n").ended
    both = [choice({"content": "a"}), choice({"content": "b"}, index=1), choice({}, "stop")]
    assert not read("chat/completions", events(*both)).ended
    assert read("chat/completions", events(*both, choice({}, "stop", index=1))).ended


def test_chat_text_has_reasoning_and_tool_calls() -> None:
    stream = events(
        choice({"reasoning": "Let me "}),
        choice({"reasoning_content": "see. "}),
        choice({"refusal": "No. "}),
        choice({"tool_calls": [{"index": 0, "function": {"name": "look", "arguments": ""}}]}),
        choice({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]}),
        choice({"content": [{"type": "thinking"}]}),
        choice({"content": None}),
        choice({"content": " Done"}),
    )
    assert read("chat/completions", stream).output_text() == 'Let me see. No. look{"a":1} Done'


def test_completions_stream() -> None:
    stream = events({"choices": [{"index": 0, "text": "Hi", "finish_reason": "length"}], "usage": None})
    reader = read("completions", stream)
    assert (reader.ended, reader.usage, reader.output_text()) == (True, None, "Hi")


@pytest.mark.parametrize(
    "stream",
    [
        b'data: {"error":{"message":"overloaded"}}\n\n',
        b'event: error\ndata: {"error":"text"}\n\n',
        b"event: error\ndata: {}\n\n",
    ],
)
def test_chat_error(stream: bytes) -> None:
    reader = read("chat/completions", openai_stream("Hel", done=False)[:-120], b"\n\n", stream)
    assert reader.error
    assert not reader.ended


def test_chat_null_error_is_none() -> None:
    assert not read("chat/completions", events({"error": None, "choices": []})).error


def test_usage_in_every_chunk_counts_once() -> None:
    usages = [
        {"usage": {"prompt_tokens": 8, "completion_tokens": n}, **choice({"content": "x"})} for n in (1, 2)
    ]
    assert read("chat/completions", events(*usages)).usage == Usage(input=8, output=2)


def test_vendors_usage() -> None:
    groq = {"choices": [], "x_groq": {"usage": {"prompt_tokens": 5, "completion_tokens": 6}}}
    assert read("chat/completions", events(groq)).usage == Usage(input=5, output=6)
    deepseek = {"usage": {"prompt_tokens": 5, "completion_tokens": 6, "prompt_cache_hit_tokens": 4}}
    assert read("chat/completions", events(deepseek)).usage == Usage(input=5, output=6, cached=4)


def test_responses_stream() -> None:
    report = {
        "input_tokens": 90,
        "input_tokens_details": {"cached_tokens": 3},
        "output_tokens": 15,
        "output_tokens_details": {"reasoning_tokens": 7},
    }
    items: list[dict[str, Any]] = [
        {"type": "response.created", "response": {"usage": None}},
        {"type": "response.output_text.delta", "delta": "Par"},
        {"type": "response.output_text.delta", "delta": "is"},
        {"type": "response.audio.delta", "delta": "QUJD"},
        {"type": "response.output_text.done", "text": "Paris"},
    ]
    end = {"type": "response.completed", "response": {"usage": report}}
    for write in (named, events):
        assert not read("responses", write(*items)).ended
        reader = read("responses", write(*items, end))
        assert reader.usage == Usage(input=90, output=15, cached=3, reasoning=7)
        assert (reader.ended, reader.error, reader.output_text()) == (True, False, "Paris")


@pytest.mark.parametrize(
    ("kind", "ended", "error"),
    [("response.incomplete", True, False), ("response.failed", True, True), ("error", False, True)],
)
def test_responses_other_ends(kind: str, ended: bool, error: bool) -> None:
    for write in (named, events):
        reader = read("responses", write({"type": kind, "response": {"error": None}}))
        assert (reader.ended, reader.error) == (ended, error)


def test_messages_stream() -> None:
    reader = read("messages", anthropic_stream("Hel", "lo", input_tokens=5, output_tokens=3))
    assert reader.usage == Usage(input=5, output=3)
    assert (reader.ended, reader.error, reader.output_text()) == (True, False, "Hello")


def test_messages_cache_counts_as_input_and_deltas_replace() -> None:
    start = {
        "input_tokens": 5,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 20,
        "output_tokens": 1,
    }
    stream = named(
        {"type": "message_start", "message": {"usage": start}},
        {"type": "message_delta", "usage": {"input_tokens": None, "output_tokens": 7}},
        {"type": "message_delta", "usage": {"cache_read_input_tokens": 30, "output_tokens": 9}},
    )
    assert read("messages", stream).usage == Usage(input=135, output=9, cached=30)


def test_messages_cut_before_the_count_leave_output_open() -> None:
    stream = anthropic_stream("Hel", "lo")
    cut = stream[: stream.index(b"event: content_block_stop")]
    reader = read("messages", cut)
    assert reader.usage == Usage(input=5)
    assert (reader.ended, reader.output_text(), reader.at_boundary) == (False, "Hello", True)
    assert not read("messages", cut[:-1]).at_boundary


def test_messages_text_has_thinking_and_tool_input() -> None:
    deltas = [
        {"thinking": "Hm. "},
        {"text": "Yes"},
        {"partial_json": '{"a"'},
        {"partial_json": ":1}"},
        {"signature": "x"},
    ]
    stream = named(*({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas))
    assert read("messages", stream).output_text() == 'Hm. Yes{"a":1}'


@pytest.mark.parametrize("endpoint", ["chat/completions", "responses", "messages"])
def test_an_error_event_needs_no_json(endpoint: str) -> None:
    assert read(endpoint, b"event: error\ndata: upstream went away\n\n").error


def test_messages_error() -> None:
    assert read("messages", named({"type": "error", "error": {"type": "overloaded_error"}})).error


@pytest.mark.parametrize(
    ("endpoint", "body", "usage", "text"),
    [
        (
            "chat/completions",
            {
                "choices": [{"message": {"content": "Hi"}}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 1.0},
            },
            Usage(input=3, output=1),
            "Hi",
        ),
        ("completions", {"choices": [{"text": "Hi"}]}, None, "Hi"),
        (
            "embeddings",
            {"data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}},
            Usage(input=8, output=0),
            "",
        ),
        (
            "responses",
            {
                "output": [
                    {"type": "reasoning", "summary": [{"text": "Hm. "}]},
                    {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]},
                    {"type": "function_call", "name": "f", "arguments": "{}"},
                ],
                "usage": {"input_tokens": 3, "output_tokens": 2},
            },
            Usage(input=3, output=2),
            "Hm. Hif{}",
        ),
        (
            "messages",
            {
                "content": [
                    {"type": "text", "text": "Hi"},
                    {"type": "tool_use", "name": "f", "input": {"a": 1}},
                ],
                "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 2},
            },
            Usage(input=7, output=2, cached=4),
            'Hif{"a":1}',
        ),
        ("messages/count_tokens", {"input_tokens": 14}, Usage(input=0, output=0), ""),
        ("messages/count_tokens", {"type": "error"}, None, ""),
    ],
)
def test_whole_bodies(endpoint: str, body: dict[str, Any], usage: Usage | None, text: str) -> None:
    content = json.dumps(body).encode()
    assert read_usage(endpoint, content) == usage
    assert output_text(endpoint, content) == text


@pytest.mark.parametrize("value", [-1, True, "7", 1.5, 2**60, None, [], {}])
def test_counts_that_are_none(value: Any) -> None:
    body = json.dumps(
        {"usage": {"prompt_tokens": value, "completion_tokens": value, "prompt_tokens_details": value}}
    )
    assert read_usage("chat/completions", body.encode()) is None


def test_kept_text_is_bounded() -> None:
    stream = events(*(choice({"content": "x" * 400_000}) for _ in range(4)))
    assert len(read("chat/completions", stream).output_text()) == MAX_TEXT_CHARACTERS


_names = [
    "choices",
    "delta",
    "message",
    "usage",
    "error",
    "type",
    "response",
    "output",
    "content",
    "tool_calls",
    "index",
]
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from(_names)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_names), inner, max_size=4)
    ),
    max_leaves=12,
)
_events = [
    "error",
    "message_start",
    "message_delta",
    "content_block_delta",
    "response.completed",
    "response.x.delta",
]


@given(
    st.sampled_from([*ENDPOINTS.values()]), st.lists(st.tuples(st.sampled_from(_events), _json), max_size=4)
)
def test_odd_answers_are_survived(endpoint: Any, items: list[tuple[str, Any]]) -> None:
    for name, item in items:
        body = json.dumps(item).encode()
        read_usage(endpoint.name, body)
        output_text(endpoint.name, body)
        read(endpoint.name, b"event: %b\ndata: %b\n\n" % (name.encode(), body), b"data: %b\n\n" % body)


@pytest.mark.parametrize("endpoint", [endpoint.name for endpoint in ENDPOINTS.values()])
@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"<html>", b"[" * 100_000, b'{"usage":', b"\x1f\x8b\x08"])
def test_what_is_no_json_is_survived(endpoint: str, body: bytes) -> None:
    assert read_usage(endpoint, body) is None
    reader = read(endpoint, b"data: " + body + b"\n\n", body)
    assert (reader.usage, reader.ended) == (None, False)
