"""The way an answer is cut into pieces on the wire changes nothing; garbage never hangs and never keeps a slot."""

import asyncio
import itertools
from collections.abc import Sequence

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.providers.transport import ConnectionReset, ProtocolError, Transport
from tests.support.sockets import answer, chunk, head
from tests.unit.providers.transport.support import close, fetch, get, pieces, raw_server, slots

BODY = b"data: {}\n\n"
OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "length": answer(BODY, 200, ("X-Pad", "  x ")),
    "empty": answer(b""),
    "chunked": head() + chunk(BODY) + b"00A;ext=1\r\n" + BODY + b"\r\n0\r\nX-Trailer: 1\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\nHTTP/1.1 103 Early\r\n\r\n" + answer(BODY),
    "until-close": OK + b"X-A: b\r\n\r\n" + BODY,
    "none": b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",
    "extra": answer(BODY) + b"HTTP/1.1 200 OK\r\nX-Smuggled: 1\r\nContent-Length: 1\r\n\r\nx",
    "cut-head": OK + b"X-A: b",
    "cut-length": OK + b"Content-Length: 100\r\n\r\n" + BODY,
    "cut-chunk": head() + chunk(BODY) + b"A\r\nab",
    "cut-last-chunk": head() + chunk(BODY) + b"0\r\n",
    "bad-chunk": head() + chunk(BODY) + b"zz\r\n",
    "bad-head": OK + b"X A: b\r\n\r\n",
    "two-lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
}

Outcome = tuple[object, ...]


async def outcome(wire: Sequence[bytes], method: str = "GET") -> Outcome:
    """What the transport makes of an answer that arrives in these pieces, before the upstream closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in wire:
            if writer.is_closing():
                return
            writer.write(piece)
            for _ in range(3):  # turns of the event loop in which the client reads
                await asyncio.sleep(0)

    async with raw_server(serve) as url, Transport(max_header_bytes=4096) as transport:
        try:
            response = await transport.handle_async_request(httpx.Request(method, url))
        except (ProtocolError, ConnectionReset) as error:
            assert slots(transport) == (0, 0, 0)
            return (error.failure,)
        body, error_class = b"", None
        try:
            async for piece in pieces(response):
                body += piece
        except (ProtocolError, ConnectionReset) as error:
            error_class = error.failure
        await close(response)
        opened, idle, waiting = slots(transport)
        assert opened == idle
        assert not waiting
        return response.status_code, response.headers.raw, body, error_class


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("raw", ANSWERS.values(), ids=ANSWERS)
async def test_byte_by_byte(raw: bytes, method: str) -> None:
    whole = await outcome([raw], method)
    assert await outcome([raw[at : at + 1] for at in range(len(raw))], method) == whole


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("length", (200, BODY, None)),
        ("chunked", (200, BODY + BODY, None)),
        ("until-close", (200, BODY, None)),
        ("none", (204, b"", None)),
        ("extra", (200, BODY, None)),
        ("cut-head", ("reset",)),
        ("cut-length", (200, BODY, "reset")),
        ("cut-chunk", (200, BODY + b"ab", "reset")),
        ("cut-last-chunk", (200, BODY, "reset")),
        ("bad-chunk", (200, BODY, "protocol")),
        ("bad-head", ("protocol",)),
    ],
)
async def test_in_one_piece(name: str, expected: Outcome) -> None:
    result = await outcome([ANSWERS[name]])
    assert result[:1] + result[2:] == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=st.sampled_from(list(ANSWERS.values())), cuts=st.lists(st.integers(0, 300), max_size=12))
async def test_random_splits(raw: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    wire = [raw[start:end] for start, end in itertools.pairwise(places)]
    assert await outcome([piece for piece in wire if piece]) == await outcome([raw])


FRAGMENTS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            OK,
            b"HTTP/1.1 ",
            b"Content-Length: 3\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Connection: close\r\n",
            b"Upgrade: x\r\nConnection: upgrade\r\n",
            b"HTTP/1.1 101 S\r\n",
            b"HTTP/1.1 100 C\r\n\r\n",
            b"\r\n",
            b"\n",
            b"0\r\n\r\n",
            b"3\r\nabc\r\n",
            b"A: b\r\n",
            b"x" * 5000,
        ]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wire=st.lists(FRAGMENTS, max_size=10))
async def test_garbage_never_hangs(wire: list[bytes]) -> None:
    async with asyncio.timeout(30):  # there is no other limit: the upstream's close must be enough
        result = await outcome([piece for piece in wire if piece])
    assert result[0] in ("reset", "protocol", "too_large") or isinstance(result[0], int)


@settings(max_examples=60, deadline=None)
@given(
    body=st.binary(max_size=200_000),
    sizes=st.lists(st.integers(1, 70_000), min_size=1, max_size=20),
    chunked=st.booleans(),
)
async def test_any_body_arrives(body: bytes, sizes: list[int], chunked: bool) -> None:
    parts, at = [], 0
    for size in sizes:
        parts.append(body[at : at + size])
        at += size
    parts = [part for part in [*parts, body[at:]] if part]
    raw = head() + b"".join(map(chunk, parts)) + chunk(b"") if chunked else answer(body)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(raw)

    async with raw_server(serve) as url, Transport() as transport:
        for _ in range(2):
            assert await fetch(transport, get(url)) == (200, body)
        assert slots(transport) == (1, 1, 0)
