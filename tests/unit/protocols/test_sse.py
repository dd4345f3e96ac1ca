"""The event decoder: the standard's own examples, line ends, and that it does not matter where the bytes are split."""

from hypothesis import given
from hypothesis import strategies as st

from app.protocols import sse
from app.protocols.sse import Event, SseDecoder

_lines = st.one_of(
    st.sampled_from(
        [
            "data: one",
            "data:two",
            "data:  three",
            "data",
            "data:",
            "event: ping",
            "event:",
            ": comment",
            ":",
            "id: 7",
            "retry: 10",
            "dat",
            "",
            "",
        ]
    ),
    st.text("ad:t \u00e9", max_size=8),
)


def decode(*chunks: bytes, close: bool = True) -> list[tuple[str | None, bytes]]:
    decoder = SseDecoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    if close:
        events += decoder.close()
    return [(event.event, event.data) for event in events]


def expected(text: bytes) -> list[tuple[str | None, bytes]]:
    """The standard's algorithm, line by line; a last event without its blank line counts."""
    events: list[tuple[str | None, bytes]] = []
    name: str | None = None
    data: list[bytes] = []
    for line in [*text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), b""]:
        if line == b"":
            if data:
                events.append((name, b"\n".join(data)))
            name, data = None, []
            continue
        field, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return events


@given(
    st.lists(st.tuples(_lines, st.sampled_from(["\n", "\r\n", "\r"])), max_size=14),
    st.lists(st.integers(0, 120), max_size=6),
)
def test_any_split_gives_the_same_events(lines: list[tuple[str, str]], cuts: list[int]) -> None:
    text = "".join(line + end for line, end in lines).encode()
    places = sorted({min(cut, len(text)) for cut in cuts})
    chunks = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
    assert decode(*chunks) == expected(text)
    assert decode(text) == expected(text)
    assert decode(*(text[place : place + 1] for place in range(len(text)))) == expected(text)


def test_examples_of_the_standard() -> None:
    assert decode(b"data: YHOO\ndata: +2\ndata: 10\n\n") == [(None, b"YHOO\n+2\n10")]
    assert decode(
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    ) == [
        (None, b"first event"),
        (None, b"second event"),
        (None, b" third event"),
    ]
    assert decode(b"data\n\ndata\ndata\n\ndata:", close=False) == [(None, b""), (None, b"\n")]
    assert decode(b"data:test\n\ndata: test\n\n") == [(None, b"test"), (None, b"test")]


def test_streams_as_providers_send_them() -> None:
    assert decode(b": OPENROUTER PROCESSING\n\n", b'data: {"a":1}\n\ndata: [DONE]\n\n\n') == [
        (None, b'{"a":1}'),
        (None, b"[DONE]"),
    ]
    assert decode(b"event: ping\ndata: {}\n\nevent: x\n\ndata: y\n\n") == [("ping", b"{}"), (None, b"y")]
    assert decode(b"event: caf\xff\ndata: z\n\n") == [("caf\ufffd", b"z")]


def test_at_boundary() -> None:
    decoder = SseDecoder()
    assert decoder.at_boundary
    for chunk, boundary in (
        (b"data: a\n\n", True),
        (b"data: b", False),
        (b"\n", False),
        (b"\n", True),
        (b"event: x\n", False),
        (b"\n", True),
        (b": comment\n", True),
        (b": comm", False),
        (b"ent\n\n", True),
        (b"data: c\r\n\r", True),
        (b"\n", True),
        (b"data: d\ndata: e\n\ndata", False),
    ):
        decoder.feed(chunk)
        assert decoder.at_boundary is boundary, chunk
    assert decoder.close() == [Event(None, b"")]
    assert not decoder.at_boundary


def test_an_endless_event_stops_the_decoding() -> None:
    for flood in (b"data: " + b"x" * 1_000_000, b"data: " + b"x" * 1_000_000 + b"\n", b"data\n" * 200_000):
        decoder = SseDecoder()
        assert decoder.feed(b"data: before\n\n") == [Event(None, b"before")]
        for _ in range(sse.MAX_EVENT_BYTES // len(flood) + 2):
            assert decoder.feed(flood) == []
        assert decoder.overflow
        assert not decoder.at_boundary
        assert decoder.feed(b"\n\ndata: after\n\n") == []
        assert decoder.close() == []


def test_many_events_of_any_total_size_are_no_overflow() -> None:
    decoder = SseDecoder()
    event = b"data: " + b"x" * 1_000_000 + b"\r\n\r\n"
    for _ in range(sse.MAX_EVENT_BYTES // len(event) + 2):
        assert len(decoder.feed(event)) == 1
    assert not decoder.overflow


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes_are_survived(chunks: list[bytes]) -> None:
    assert decode(*chunks) == expected(b"".join(chunks))
