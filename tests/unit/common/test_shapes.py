"""What names of headers say, against a reading of each answer by itself."""

import hypothesis
from hypothesis import strategies as st

from app.common.headers import RawHeaders, goes_down
from app.common.shapes import client_headers, content_coding, is_event_stream, shape_of

NAMES = (
    b"content-type Content-Type content-encoding connection Connection transfer-encoding x-request-id X-Request-Id"
    b" request-id Request-ID x-a X-A x-b set-cookie content-length date server keep-alive x-gw-provider"
    b" access-control-allow-origin anthropic-ratelimit-requests-limit cache-control"
).split()
VALUES = [
    *(
        b"",
        b"1",
        b"close",
        b"keep-alive, x-a",
        b"X-B",
        b"text/event-stream",
        b"Text/Event-Stream; charset=utf-8",
    ),
    *(b"application/json", b"gzip", b"identity", b" Identity ", b"a\r\nb", b"nul\0", b"chunked"),
]
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=8)


def plainly(raw: RawHeaders) -> RawHeaders:
    """What the client may see, without shapes."""
    named = b",".join(value for name, value in raw if name.lower() == b"connection").lower().split(b",")
    hidden = {name.strip() for name in named}
    passed = [pair for pair in raw if goes_down(pair[0])]
    ours = [number for number, (name, _) in enumerate(passed) if name.lower() == b"x-request-id"]
    theirs = [value for name, value in passed if name.lower() == b"request-id"]
    if ours:
        passed[ours[-1]] = (b"x-upstream-request-id", passed[ours[-1]][1])
    elif theirs:
        passed.append((b"x-upstream-request-id", theirs[-1]))
    return [
        (name, value)
        for name, value in passed
        if name.lower() not in hidden and not any(bad in value for bad in (b"\r", b"\n", b"\0"))
    ]


@hypothesis.given(HEADERS)
def test_the_headers_a_client_sees(raw: RawHeaders) -> None:
    before = list(raw)
    assert client_headers(raw) == plainly(raw)
    assert client_headers(raw, shape_of(raw)) == plainly(raw)
    assert raw == before


@hypothesis.given(HEADERS)
def test_what_the_body_is(raw: RawHeaders) -> None:
    shape = shape_of(raw)
    kind = next((value for name, value in raw if name.lower() == b"content-type"), b"")
    assert is_event_stream(raw, shape) == kind.lower().startswith(b"text/event-stream")
    coding = next((value for name, value in raw if name.lower() == b"content-encoding"), b"")
    assert content_coding(raw, shape) == (b"" if coding.strip().lower() == b"identity" else coding)


def test_shapes_do_not_grow_without_end() -> None:
    """Names that never come again push others out; what they say stays right."""
    usual = [(b"content-type", b"text/event-stream"), (b"x-request-id", b"1")]
    assert shape_of(usual) is shape_of(usual)
    for number in range(3000):
        raw = [(b"x-%d" % number, b"1"), *usual]
        assert client_headers(raw)[-1] == (b"x-upstream-request-id", b"1")
    long = [(b"x-" + b"a" * 5000, b"1")]
    assert shape_of(long) is not shape_of(long)
    many = [(b"x-a", b"1")] * 100
    assert shape_of(many) is not shape_of(many)
    assert client_headers(many) == many
