"""Answers whose framing two parsers could read in two ways are refused, never guessed at.

`test_fuzz` next door goes further, on ours alone; limits of heads and framing are in the unit tests of ours.
"""

import asyncio

import aiohttp
import httpx
import pytest

from tests.support.sockets import WAIT, ScriptedUpstream, Step, answer, chunk, head
from tests.transport.kinds import differs
from tests.unit.providers.transport.support import fetch, get, post

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LENGTH = b"Content-Length: 2\r\n"
CHUNKS = b"\r\n2\r\nok\r\n0\r\n\r\n"

AMBIGUOUS = {
    "two-lengths": OK + LENGTH + b"Content-Length: 3\r\n\r\nok",
    "negative-length": OK + b"Content-Length: -2\r\n\r\nok",
    "plus-length": OK + b"Content-Length: +2\r\n\r\nok",
    "huge-length": OK + b"Content-Length: 99999999999999999999\r\n\r\nok",
    "length-then-chunked": OK + LENGTH + CHUNKED + CHUNKS,
    "chunked-then-length": OK + CHUNKED + LENGTH + CHUNKS,
    "unknown-coding": OK + b"Transfer-Encoding: xchunked\r\n" + CHUNKS,
    "chunked-not-last": OK + b"Transfer-Encoding: chunked, gzip\r\n" + CHUNKS,
    "chunked-twice": OK + CHUNKED + CHUNKED + CHUNKS,
    "space-before-colon": OK + b"Content-Length : 2\r\n\r\nok",
    "folded": OK + b"X-A: b\r\n Content-Length: 3\r\n" + LENGTH + b"\r\nok",
    "nul": OK + b"X-A: b\0c\r\n" + LENGTH + b"\r\nok",
    "bare-cr": OK + b"X-A: b\rc\r\n" + LENGTH + b"\r\nok",
    "bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "http-0.9": b"HTTP/0.9 200 OK\r\n" + LENGTH + b"\r\nok",
    "http-2.0": b"HTTP/2.0 200 OK\r\n" + LENGTH + b"\r\nok",
    "status-99": b"HTTP/1.1 099 OK\r\n" + LENGTH + b"\r\nok",
    "status-1000": b"HTTP/1.1 1000 OK\r\n" + LENGTH + b"\r\nok",
    "unasked-upgrade": b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "chunk-size-0x": OK + CHUNKED + b"\r\n0x2\r\nok\r\n0\r\n\r\n",
    "chunk-size-plus": OK + CHUNKED + b"\r\n+2\r\nok\r\n0\r\n\r\n",
    "chunk-size-huge": OK + CHUNKED + b"\r\n10000000000000002\r\nok\r\n0\r\n\r\n",
    "chunk-too-long": OK + CHUNKED + b"\r\n2\r\nokXX0\r\n\r\n",
    "chunk-bare-lf": OK + CHUNKED + b"\r\n2\nok\n0\n\n",
}
_HTTPX = (
    "huge-length",
    "length-then-chunked",
    "chunked-then-length",
    "folded",
    "bare-lf",
    "http-0.9",
    "http-2.0",
    "chunk-size-huge",
    "chunk-bare-lf",
)
_AIOHTTP = (
    "unknown-coding",
    "chunked-not-last",
    "chunked-twice",
    "space-before-colon",
    "folded",
    "bare-lf",
    "http-0.9",
    "http-2.0",
    "status-99",
    "unasked-upgrade",
)
REFUSED = (httpx.RemoteProtocolError, httpx.ReadError, aiohttp.ClientError)
"""Ours says the first; httpx-aiohttp lets errors of aiohttp's through as they are."""


def _cases() -> list[object]:
    cases = []
    for name, raw in AMBIGUOUS.items():
        reasons = {}
        if name in _HTTPX:
            reasons["httpx"] = "h11 reads it its own way"
        if name in _AIOHTTP:
            reasons["aiohttp"] = "its parser reads it its own way"
        cases.append(pytest.param(raw, id=name, marks=[differs(**reasons)] if reasons else []))
    return cases


@pytest.mark.parametrize("raw", _cases())
async def test_ambiguous_framing_is_refused(seam: httpx.AsyncBaseTransport, raw: bytes) -> None:
    async with ScriptedUpstream([raw, WAIT]) as upstream:
        with pytest.raises(REFUSED):
            await fetch(seam, post(upstream.url, timeout={"read": 0.3}))
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 5)


_NEXT = "raises an error for the next request instead"


@differs(httpx=_NEXT)
@pytest.mark.parametrize(
    "more",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", id="answer"),
        pytest.param(
            b"\x00garbage", id="garbage", marks=differs(aiohttp="raises an error instead of the answer")
        ),
        pytest.param(b"\r\n\r\n", id="blank-lines"),
    ],
)
@pytest.mark.parametrize(
    "first", [answer(b"ok"), head() + chunk(b"ok") + chunk(b"")], ids=["length", "chunked"]
)
async def test_bytes_after_the_answer_are_not_the_next_answer(
    seam: httpx.AsyncBaseTransport, first: bytes, more: bytes
) -> None:
    script: list[list[Step]] = [[first + more], [answer(b"fine")]]
    async with ScriptedUpstream(*script) as upstream:
        assert await fetch(seam, get(upstream.url)) == (200, b"ok")
        assert await fetch(seam, get(upstream.url)) == (200, b"fine")
