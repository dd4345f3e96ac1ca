"""Answers for fuzzing: valid ones with what they mean, and hostile ones: ways to smuggle, then random damage."""

from collections.abc import Sequence

import msgspec
from hypothesis import strategies as st

from tests.transport.wire import End


class Valid(msgspec.Struct, frozen=True):
    wire: bytes
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    until_close: bool


_NAMES = st.sampled_from([b"X-A", b"x-request-id", b"Server", b"Set-Cookie", b"Content-Type", b"X_Y.Z~1"])
_VALUES = st.sampled_from(
    [b"", b"a", b"text/event-stream; charset=utf-8", b"a, b", b"\xe9\xff", b"x" * 300, b'"q\\"']
)
_SPACE = st.sampled_from([b"", b" ", b"  ", b"\t", b" \t "])
_BODY = st.one_of(
    st.binary(max_size=80),
    st.sampled_from([b"", b"data: {}\n\n", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]),
)
_EXTENSION = st.sampled_from([b"", b"", b";a", b";a=b", b';a="b c"'])


@st.composite
def _chunked(draw: st.DrawFn, body: bytes) -> bytes:
    wire, left = b"", body
    while left:
        size = draw(st.integers(1, len(left)))
        spelled = draw(st.sampled_from([b"%x", b"%X", b"%04x"])) % size
        wire += spelled + draw(_EXTENSION) + b"\r\n" + left[:size] + b"\r\n"
        left = left[size:]
    wire += draw(st.sampled_from([b"0", b"000"])) + draw(_EXTENSION) + b"\r\n"
    for name in draw(st.lists(_NAMES, max_size=2)):
        wire += name + b": trailer\r\n"
    return wire + b"\r\n"


@st.composite
def _valid(draw: st.DrawFn) -> Valid:
    interim = draw(st.sampled_from([b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    interim += draw(st.sampled_from([b"", b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"]))
    status = draw(st.sampled_from([200, 200, 200, 201, 302, 404, 429, 500, 529, 204, 304]))
    headers, lines = [], b""
    for name in draw(st.lists(_NAMES, max_size=3)):
        value, space = draw(_VALUES), draw(_SPACE)
        headers.append((name, value))
        lines += name + b":" + space + value + space + b"\r\n"
    body = b"" if status in (204, 304) else draw(_BODY)
    framing = "none" if status in (204, 304) else draw(st.sampled_from(["length", "chunked", "close"]))
    if framing == "length":
        headers.append((b"Content-Length", b"%d" % len(body)))
        lines += b"Content-Length: %d\r\n" % len(body)
    elif framing == "chunked":
        headers.append((b"transfer-encoding", b"chunked"))
        lines += b"transfer-encoding: chunked\r\n"
    head = interim + b"HTTP/1.1 %d Reason\r\n" % status + lines + b"\r\n"
    wire = head + (draw(_chunked(body)) if framing == "chunked" else body)
    return Valid(wire, status, headers, body, framing == "close")


VALID: st.SearchStrategy[Valid] = _valid()
CUTS: st.SearchStrategy[list[int]] = st.lists(st.integers(0, 2000), max_size=8)
ENDS: st.SearchStrategy[End] = st.sampled_from(list(End))

_STARTS = st.sampled_from(
    [b"HTTP/1.1 200 OK"] * 12
    + [
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 200",
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.1 304 Not Modified",
        b"HTTP/1.1 101 Switching Protocols",
        b"HTTP/1.1 100 Continue",
        b"HTTP/1.1 199 Odd",
        b"HTTP/1.1 099 Low",
        b"HTTP/1.1 99 Low",
        b"HTTP/1.1 1000 High",
        b"HTTP/1.1 999 High",
        b"HTTP/1.1 +200 OK",
        b"HTTP/1.1 2x0 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1\t200 OK",
        b"HTTP/0.9 200 OK",
        b"HTTP/2.0 200 OK",
        b"HTTP/1.2 200 OK",
        b"HTTP/1.10 200 OK",
        b"http/1.1 200 OK",
        b"ICY 200 OK",
        b" HTTP/1.1 200 OK",
        b"\r\nHTTP/1.1 200 OK",
        b"GET / HTTP/1.1",
        b"",
    ]
)
_LINES = st.sampled_from(
    [
        b"Content-Length: 5",
        b"Content-Length: 5",
        b"content-length:5",
        b"Content-Length: 05",
        b"Content-Length: 6",
        b"Content-Length: 5, 5",
        b"Content-Length: 5,6",
        b"Content-Length: -5",
        b"Content-Length: +5",
        b"Content-Length: 0x5",
        b"Content-Length: 5.0",
        b"Content-Length: 5 5",
        b"Content-Length: ",
        b"Content-Length: 18446744073709551621",
        b"Content-Length: 99999999999999999999999",
        b"Content-Length : 5",
        b" Content-Length: 5",
        b"Content-Length\t: 5",
        b"Content-Length\x00: 5",
        b"Content-Length: 5\x00",
        b"Content\xadLength: 5",
        b"Content_Length: 5",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: chunked",
        b"transfer-encoding:\tchunked ",
        b"Transfer-Encoding: CHUNKED",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunked;q=1",
        b"Transfer-Encoding: \x0bchunked",
        b'Transfer-Encoding: "chunked"',
        b"Transfer-Encoding:",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding\r: chunked",
        b"Transfer-Encoding:\r\n chunked",
        b"X: y\r\n Transfer-Encoding: chunked",
        b"X: y\nTransfer-Encoding: chunked",
        b"X: y\rTransfer-Encoding: chunked",
        b"X: a\x00b",
        b"X: a\x7f\x01b",
        b": no name",
        b"no colon",
        b"X Y: z",
        b"Connection: close",
        b"Connection: keep-alive",
        b"Connection: upgrade\r\nUpgrade: websocket",
        b"Keep-Alive: timeout=5",
        b"X-A: b",
    ]
)
_EOL = st.sampled_from([b"\r\n"] * 14 + [b"\n", b"\r", b"\r\r\n", b"\n\r"])
_BODIES = st.sampled_from(
    [
        b"hello",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"5;ext=1\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
        b"5;" + b"x" * 200 + b"\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\n0\n\n",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5_\r\nhello\r\n0\r\n\r\n",
        b"ffffffffffffffff\r\nhello",
        b"fffffffffffffffff\r\nhello",
        b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        b"5\r\nhello\r\n0\r\nbad trailer\r\n\r\n",
        b"5\r\nhello\r\n0\r\n",
        b"5\r\nhello\r\n0\r\n\r",
        b"5\r\nhel",
        b"hel",
        b"",
    ]
)
_AFTER = st.sampled_from(
    [b""] * 6
    + [
        b"x",
        b"\r\n",
        b"\x00",
        b"0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Smuggled: 1\r\nContent-Length: 4\r\n\r\nevil",
    ]
)


@st.composite
def _hostile(draw: st.DrawFn) -> bytes:
    raw = draw(
        st.sampled_from([b"", b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 E\r\nX: y\r\n\r\n"])
    )
    raw += draw(_STARTS) + draw(_EOL)
    for line in draw(st.lists(_LINES, max_size=4)):
        raw += line + draw(_EOL)
    return raw + draw(_EOL) + draw(_BODIES) + draw(_AFTER)


@st.composite
def _damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    raw = bytearray(draw(whole))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(raw)))
        match draw(st.integers(0, 3)):
            case 0:
                raw[at : at + 1] = draw(st.sampled_from(_BYTES))
            case 1:
                raw[at:at] = draw(st.sampled_from(_BYTES))
            case 2:
                del raw[at : at + draw(st.integers(1, 8))]
            case _:
                raw[at:at] = raw[at : at + draw(st.integers(1, 30))]
    return bytes(raw)


_BYTES: Sequence[bytes] = [
    b"\x00",
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"0",
    b"f",
    b"\x80",
    b"\xff",
]
ANSWERS: st.SearchStrategy[bytes] = _damaged(st.one_of(_hostile(), VALID.map(lambda valid: valid.wire)))
