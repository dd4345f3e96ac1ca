"""Whatever an upstream sends, in whatever pieces: nothing hangs or leaks, nothing cut passes as whole, and no byte of
one answer reaches the next. `TRANSPORT_FUZZ=long` tries 20,000 answers in each test."""

import asyncio
import itertools
import os
import re
from collections.abc import Sequence
from typing import cast

import h11
import httpx
import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.providers.transport import ConnectionReset, ProtocolError, Transport
from tests.transport.answers import ANSWERS, CUTS, ENDS, VALID, Valid
from tests.transport.wire import End, Script, WireLoop
from tests.unit.providers.transport.support import close, fetch, get, pieces, slots

_REASON = re.compile(rb"(?<=HTTP/1\.[01] \d\d\d )[^\r\n]+(?=\r\n)")
_BLANK = re.compile(rb"\A[\r\n]*((?:HTTP/1\.1 1\d\d[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)?)[\r\n]*")
_TURNS = 20
"""More turns of the event loop than any of our steps takes once the upstream is silent."""

thorough = settings(
    max_examples=20_000 if os.environ.get("TRANSPORT_FUZZ") == "long" else 200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


class Outcome(msgspec.Struct, frozen=True):
    status: int = 0
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    failure: str = ""
    """Error class, `waiting` for ever, or empty where the body came to a clean end."""


async def _read(transport: Transport, seen: list[Outcome]) -> None:
    """What becomes of one request to the hostile upstream; the last of `seen` is how far it got."""
    got = Outcome(failure="waiting")
    seen.append(got)
    try:
        response = await transport.handle_async_request(get("http://127.0.0.1/hostile"))
    except (ProtocolError, ConnectionReset) as error:
        seen.append(Outcome(failure=error.failure))
        return
    got = Outcome(response.status_code, tuple(response.headers.raw), b"", "waiting")
    seen.append(got)
    try:
        async for piece in pieces(response):
            got = msgspec.structs.replace(got, body=got.body + piece)
            seen.append(got)
        seen.append(msgspec.structs.replace(got, failure=""))
    except (ProtocolError, ConnectionReset) as error:
        seen.append(msgspec.structs.replace(got, failure=error.failure))
    finally:
        await close(response)


async def outcome(wire: Sequence[bytes], end: End, *, warm: bool) -> Outcome:
    """What the transport makes of these pieces, and whether it and its connections are in order afterwards.

    :param warm: an answer has come over the connection before.
    """
    loop = cast(WireLoop, asyncio.get_running_loop())
    loop.script = script = Script([piece for piece in wire if piece], end)
    transport = Transport(max_connections_per_origin=1)
    if warm:
        assert await fetch(transport, get("http://127.0.0.1/before")) == (200, b"/before")
    seen: list[Outcome] = []
    task = loop.create_task(_read(transport, seen))
    quiet = begun = 0
    while quiet < (3 if task.done() else _TURNS):
        await asyncio.sleep(0)
        quiet = quiet + 1 if script.begun == begun and script.begun == script.played else 0
        begun = script.begun
    if not task.done():
        assert end is End.STAY, "the upstream has ended, and the request has not"
        assert seen[-1].failure == "waiting"
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    else:
        task.result()
    opened, idle, waiting = slots(transport)
    assert (opened, waiting) == (idle, 0)
    assert loop.open == opened
    for number in (b"/1", b"/2"):
        after = await fetch(transport, get("http://127.0.0.1" + number.decode()))
        assert after == (200, number), "bytes of one answer have reached the next"
    await transport.aclose()
    await asyncio.sleep(0)
    assert loop.open == 0
    assert len(asyncio.all_tasks()) == 1
    return seen[-1]


def cut(raw: bytes, places: Sequence[int]) -> list[bytes]:
    ends = [0, *sorted(place % (len(raw) + 1) for place in places), len(raw)]
    return [raw[start:stop] for start, stop in itertools.pairwise(ends)]


def reference(raw: bytes, end: End) -> tuple[int, bytes] | None:
    """Status and body as h11 understands them; None where it finds no whole and valid answer.

    It is strict, too, with the reason phrase, which our parser skips and nobody gets to see, and with blank lines
    before an answer, which our parser skips (RFC 9112 part 2.2 asks this of servers).
    """
    raw = _BLANK.sub(lambda match: match[1], raw, count=1)
    raw = _REASON.sub(lambda match: re.sub(rb"[^ -~]", b"x", match[0]), raw)
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(raw)
    if end is End.CLOSE:
        connection.receive_data(b"")
    status, body = 0, b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return status, body
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError:
        return None


def test_valid_answers_mean_the_same_however_they_are_cut() -> None:
    with asyncio.Runner(loop_factory=WireLoop) as runner:

        @thorough
        @given(valid=VALID, places=CUTS, end=ENDS, warm=st.booleans())
        def check(valid: Valid, places: list[int], end: End, warm: bool) -> None:
            got = runner.run(outcome(cut(valid.wire, places), end, warm=warm))
            failure = (
                {End.CLOSE: "", End.RESET: "reset", End.STAY: "waiting"}[end] if valid.until_close else ""
            )
            assert got == Outcome(valid.status, tuple(valid.headers), valid.body, failure)

        check()


def test_hostile_answers() -> None:
    with asyncio.Runner(loop_factory=WireLoop) as runner:

        @thorough
        @given(raw=ANSWERS, places=CUTS, end=ENDS, warm=st.booleans())
        def check(raw: bytes, places: list[int], end: End, warm: bool) -> None:
            whole = runner.run(outcome([raw], end, warm=warm))
            assert runner.run(outcome(cut(raw, places), end, warm=warm)) == whole
            if not whole.failure:
                assert (whole.status, whole.body) == reference(raw, end)

        check()


def test_truncated_answers_are_never_whole() -> None:
    with asyncio.Runner(loop_factory=WireLoop) as runner:

        @thorough
        @given(valid=VALID, at=st.integers(0, 10_000), places=CUTS, end=ENDS)
        def check(valid: Valid, at: int, places: list[int], end: End) -> None:
            if valid.until_close:
                return  # nothing says where it ends
            raw = valid.wire[: at % len(valid.wire)]
            got = runner.run(outcome(cut(raw, places), end, warm=False))
            assert got.failure

        check()


def test_garbage() -> None:
    with asyncio.Runner(loop_factory=WireLoop) as runner:

        @thorough
        @given(wire=st.lists(st.binary(min_size=1, max_size=60), max_size=6), end=ENDS, warm=st.booleans())
        def check(wire: list[bytes], end: End, warm: bool) -> None:
            got = runner.run(outcome(wire, end, warm=warm))
            assert got.failure, "an answer out of nothing"

        check()


def test_requests_are_httpx_transport_errors() -> None:
    """What the tests above catch is what callers of any transport expect."""
    assert issubclass(ProtocolError, httpx.TransportError)
    assert issubclass(ConnectionReset, httpx.TransportError)
