"""The quick ways to usage find what the slow ways find, or leave it to them."""

import json
import random
from collections.abc import Iterator
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from app.domain.usage import Usage
from app.protocols.answer import Answer
from app.protocols.anthropic_messages import answer as anthropic
from app.protocols.openai_chat import answer as openai
from app.protocols.usage import UsageReader, read_usage
from tests.support.replay import needs_shared, records

ENDPOINTS = ("chat/completions", "completions", "messages")
QUICK = {
    "chat/completions": openai.quick_stream,
    "completions": openai.quick_stream,
    "messages": anthropic.quick_stream,
}
WHOLE: dict[str, type[Answer]] = {
    "chat/completions": openai.ChatAnswer,
    "completions": openai.ChatAnswer,
    "messages": anthropic.MessagesAnswer,
}

Seen = tuple[Usage | None, bool, bool, bool, str]


def seen(reader: UsageReader) -> Seen:
    return reader.usage, reader.ended, reader.error, reader.at_boundary, reader.output_text()


def slowly(endpoint: str, stream: bytes) -> Seen:
    """Event by event: who asks in the middle has everything read that came."""
    reader = UsageReader(endpoint)
    reader.feed(stream)
    assert reader.at_boundary is not None
    reader.close()
    return seen(reader)


def quickly(endpoint: str, *pieces: bytes) -> Seen:
    reader = UsageReader(endpoint)
    for piece in pieces:
        reader.feed(piece)
    reader.close()
    return seen(reader)


def slow_usage(endpoint: str, body: bytes) -> Usage | None:
    answer = WHOLE[endpoint]()
    try:
        answer.take_whole(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return answer.usage


def same(endpoint: str, stream: bytes) -> None:
    assert quickly(endpoint, stream) == slowly(endpoint, stream), stream


# Recorded traffic.


def recorded(endpoint: str, *, is_stream: bool) -> Iterator[bytes]:
    for record in records():
        if record["endpoint"] == endpoint and bool(record["is_stream"]) == is_stream:
            yield record["response_body"].encode()


@needs_shared
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_recorded_streams(endpoint: str) -> None:
    for stream in recorded(endpoint, is_stream=True):
        same(endpoint, stream)
        same(endpoint, stream.replace(b"\n", b"\r\n"))


@needs_shared
def test_most_recorded_streams_go_the_quick_way() -> None:
    """Those of Anthropic all do; of others those whose last event reports usage, written without spaces."""
    found = {
        endpoint: [QUICK[endpoint](s) is not None for s in recorded(endpoint, is_stream=True)]
        for endpoint in QUICK
    }
    assert sum(found["messages"]) >= 0.9 * len(found["messages"])
    assert sum(found["chat/completions"]) >= 0.6 * len(found["chat/completions"])


@needs_shared
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_recorded_streams_that_were_damaged(endpoint: str) -> None:
    rng = random.Random(9)
    streams = [
        s for s in recorded(endpoint, is_stream=True) if len(s) < 8000 and QUICK[endpoint](s) is not None
    ]
    assert streams
    for stream in rng.sample(streams, min(len(streams), 12)):
        for _ in range(60):
            at, to = sorted(rng.randrange(len(stream) + 1) for _ in range(2))
            same(endpoint, stream[:at])
            same(endpoint, stream[at:])
            same(endpoint, stream[:at] + stream[to:])
            same(endpoint, stream[:at] + stream[at:to] * 2 + stream[to:])
            for byte in rng.choices([b"\xff", b"\\", b'"', b"\n", b"\r", b"\0", b"}", b" ", b"\n\n"], k=3):
                same(endpoint, stream[:at] + byte + stream[at + 1 :])
                same(endpoint, stream[: -rng.randrange(1, 200)] + byte + stream[-rng.randrange(1, 200) :])


@needs_shared
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_recorded_bodies(endpoint: str) -> None:
    rng = random.Random(9)
    for body in recorded(endpoint, is_stream=False):
        assert read_usage(endpoint, body) == slow_usage(endpoint, body)
        for _ in range(5):
            at = rng.randrange(len(body) + 1)
            assert read_usage(endpoint, body[:at]) == slow_usage(endpoint, body[:at])


# Made ones.

TEXTS = st.sampled_from(
    [
        "hi",
        "",
        '"usage":{"prompt_tokens":1,"completion_tokens":2}',
        "data: [DONE]\n\n",
        '"error"',
        "error",
        "\n\nevent: error\ndata: {}\n\n",
        "event: message_delta\ndata: ",
        "message_start",
        '{"type":"message_stop"}',
        "\u2028\u00e9\U0001f600\\",
        "\r\n",
    ]
)
COUNTS: st.SearchStrategy[Any] = st.sampled_from(
    [0, 1, 7, 2**53, 2**53 + 1, -1, 1.0, 1.5, True, None, "1", {}]
)
DETAILS = st.one_of(
    st.none(),
    st.just(3),
    st.fixed_dictionaries({}, optional={"cached_tokens": COUNTS, "reasoning_tokens": COUNTS}),
)
CHAT_USAGE = st.one_of(
    st.none(),
    st.just([]),
    st.fixed_dictionaries(
        {},
        optional={
            "prompt_tokens": COUNTS,
            "completion_tokens": COUNTS,
            "prompt_tokens_details": DETAILS,
            "completion_tokens_details": DETAILS,
            "prompt_cache_hit_tokens": COUNTS,
            "text": TEXTS,
        },
    ),
    st.just({"prompt_tokens": 5, "completion_tokens": 6}),
)
CHOICES = st.one_of(
    st.just([]),
    st.none(),
    st.just({}),
    st.just([3]),
    st.lists(
        st.builds(
            lambda index, text, reason: {"index": index, "delta": {"content": text}, "finish_reason": reason},
            st.integers(0, 1),
            TEXTS,
            st.sampled_from([None, "stop"]),
        ),
        max_size=2,
    ),
)
CHAT_EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "choices": CHOICES,
        "usage": CHAT_USAGE,
        "x_groq": st.builds(lambda usage: {"usage": usage}, CHAT_USAGE),
        "nested": st.builds(lambda usage: {"usage": usage}, CHAT_USAGE),
    },
)


ENCODERS = (
    lambda event: json.dumps(event, separators=(",", ":"), ensure_ascii=False),
    json.dumps,
    lambda event: json.dumps(event, separators=(",", ":")),
)


def written(event: Any, way: int) -> bytes:
    text: str = ENCODERS[way](event)
    return text.encode()


CHAT_END = st.builds(
    lambda choices, count: {
        "choices": choices,
        "usage": {"prompt_tokens": count, "completion_tokens": count},
    },
    CHOICES,
    st.sampled_from([0, 7, 2**53, -1]),
)


@st.composite
def chat_streams(draw: st.DrawFn) -> bytes:
    way = draw(st.sampled_from([0, 0, 1, 2]))
    blocks = [b"data: " + written(event, way) for event in draw(st.lists(CHAT_EVENTS, max_size=5))]
    if draw(st.booleans()):
        blocks.append(b"data: " + written(draw(CHAT_END), way))
    odd = [
        b": comment",
        b"event: error\ndata: {}",
        b"data: {}\nevent: error",
        b"data: [DONE]",
        b"data: {\ndata: }",
        b'data: {"error":{"message":"no"}}',
        b'data: {"error":null}',
        b"",
    ]
    if draw(st.integers(0, 2)) == 0:
        blocks.insert(draw(st.integers(0, len(blocks))), draw(st.sampled_from(odd)))
    end = draw(
        st.sampled_from([b"data: [DONE]\n\n"] * 4 + [b"data: [DONE]\n", b"", b"data: [DONE]\n\ndata: {}\n\n"])
    )
    stream = b"".join(block + b"\n\n" for block in blocks) + end
    return stream.replace(b"\n", b"\r\n") if draw(st.integers(0, 9)) == 0 else stream


@hypothesis.given(chat_streams())
@hypothesis.settings(max_examples=400)
def test_chat_streams(stream: bytes) -> None:
    same("chat/completions", stream)


@hypothesis.given(CHAT_EVENTS, st.sampled_from([0, 1, 2]))
def test_chat_bodies(body: dict[str, Any], way: int) -> None:
    encoded = written(body, way)
    quick, slow = read_usage("chat/completions", encoded), slow_usage("chat/completions", encoded)
    if body.get("choices") in ({}, [3]):  # no answer of this format: what else it says may be believed or not
        assert slow is None
    else:
        assert quick == slow


MESSAGE_USAGE = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            "input_tokens": COUNTS,
            "output_tokens": COUNTS,
            "cache_read_input_tokens": COUNTS,
            "cache_creation_input_tokens": COUNTS,
            "text": TEXTS,
        },
    ),
    st.just({"input_tokens": 5, "output_tokens": 6, "cache_read_input_tokens": 2}),
)
MESSAGE_EVENTS = st.one_of(
    st.builds(
        lambda text: {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}, TEXTS
    ),
    st.builds(
        lambda usage: {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        MESSAGE_USAGE,
    ),
    st.builds(lambda usage: {"type": "message_start", "message": {"usage": usage}}, MESSAGE_USAGE),
    st.sampled_from(
        [{"type": "ping"}, {"type": "content_block_stop", "index": 0}, {"type": "error", "error": {}}, {}]
    ),
)


@st.composite
def message_streams(draw: st.DrawFn) -> bytes:
    way = draw(st.sampled_from([0, 0, 1, 2]))
    events = [{"type": "message_start", "message": {"usage": draw(MESSAGE_USAGE), "content": []}}]
    if draw(st.booleans()):
        events = [{"type": "message_start", "message": {"usage": {"input_tokens": 3, "output_tokens": 1}}}]
    events += draw(st.lists(MESSAGE_EVENTS, max_size=4))
    if draw(st.booleans()):
        events.append({"type": "message_delta", "usage": {"output_tokens": draw(st.sampled_from([9, None]))}})
    blocks = []
    odd = draw(st.booleans())
    for event in events:
        padding = b" " * draw(st.sampled_from([0, 0, 3, 15]))
        name = str(event.get("type"))
        if odd:
            name = draw(st.sampled_from([name] * 8 + ["error", "ping"]))
        block = b"event: " + name.encode() + b"\ndata: " + written(event, way)[:-1] + padding + b"}"
        blocks.append(block.partition(b"\n")[2] if odd and draw(st.integers(0, 9)) == 0 else block)
    stop = (
        b'event: message_stop\ndata: {"type":"message_stop"'
        + b" " * draw(st.sampled_from([0, 1, 15, 99]))
        + b"}"
    )
    blocks += draw(st.sampled_from([[], [stop, b"data: {}"], [stop, stop]])) if odd else [stop]
    stream = b"".join(block + b"\n\n" for block in blocks)
    return stream.replace(b"\n", b"\r\n") if draw(st.integers(0, 9)) == 0 else stream


@hypothesis.given(message_streams())
@hypothesis.settings(max_examples=400)
def test_message_streams(stream: bytes) -> None:
    same("messages", stream)


@hypothesis.given(
    st.one_of(
        st.tuples(st.just("chat/completions"), chat_streams()),
        st.tuples(st.just("messages"), message_streams()),
    ),
    st.lists(st.integers(0, 2000), max_size=4),
    st.integers(0, 4),
)
def test_fed_in_any_pieces(made: tuple[str, bytes], cuts: list[int], asked: int) -> None:
    """Whoever asks in between gets what was fed until then; the end is the same."""
    endpoint, stream = made
    places = sorted(min(cut, len(stream)) for cut in cuts)
    pieces = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    assert quickly(endpoint, *pieces) == quickly(endpoint, stream)
    reader = UsageReader(endpoint)
    for number, piece in enumerate(pieces):
        reader.feed(piece)
        if number == asked:
            assert seen(reader) == so_far(endpoint, b"".join(pieces[: number + 1]))
    reader.close()
    assert seen(reader) == quickly(endpoint, stream)


def so_far(endpoint: str, stream: bytes) -> Seen:
    """What a reader that is not closed says."""
    reader = UsageReader(endpoint)
    reader.feed(stream)
    return seen(reader)


def test_long_streams_are_read_on_the_way() -> None:
    event = b'data: {"choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":null}]}\n\n'
    end = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\ndata: [DONE]\n\n'
    for count in (1, 300, 400, 1000):
        stream = event * count + end
        for size in (len(stream), 1000, 40_000):
            pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
            usage, ended, error, at_boundary, text = quickly("chat/completions", *pieces)
            assert usage == Usage(input=1, output=2)
            assert (ended, error, at_boundary, text) == (True, False, True, "hello" * count)
