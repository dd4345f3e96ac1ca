"""Who gets which connection: limits, order, idle time, the stale keep-alive race, figures, closing."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.providers.transport import ConnectionReset, OriginStats, SendFailed, Transport
from app.providers.transport.connection import Connection
from app.providers.transport.pool import Origin
from tests.support.sockets import CLOSE, RESET, WAIT, ScriptedUpstream, Step, answer, chunk, head
from tests.unit.providers.transport.support import (
    ManualClock,
    close,
    fetch,
    get,
    post,
    raw_server,
    read,
    slots,
    until,
)


async def test_latest_idle_connection_first_and_oldest_closed_first() -> None:
    clock = ManualClock()
    gates = [asyncio.Event() for _ in range(3)]
    scripts: list[list[Step]] = [[gate, answer(b"ok")] for gate in gates]
    async with (
        ScriptedUpstream(*scripts, [answer(b"ok")]) as upstream,
        Transport(clock=clock, keepalive_idle=50) as transport,
    ):
        tasks = [asyncio.create_task(fetch(transport, get(upstream.url))) for _ in gates]
        await until(lambda: len(upstream.requests) == 3)
        assert slots(transport) == (3, 0, 0)
        for idle, number in enumerate((1, 0, 2), 1):
            gates[number].set()
            await until(lambda: slots(transport)[1] == idle)  # noqa: B023  # it is awaited inside of the loop
            clock.advance(10)
        await asyncio.gather(*tasks)
        assert await fetch(transport, get(upstream.url)) == (200, b"ok")
        assert upstream.requests[3].connection == upstream.requests[2].connection
        clock.advance(25)  # the first is idle for 55 s now, the second for 45, the last for 25
        assert slots(transport) == (2, 2, 0)
        clock.advance(100)
        assert transport.stats() == []
        assert clock.pending == 0
        await until(lambda: all(connection.peer_left.is_set() for connection in upstream.connections))


async def test_limit_and_fair_waiting() -> None:
    async with (
        ScriptedUpstream([answer(b"ok")]) as upstream,
        Transport(max_connections_per_origin=2) as transport,
    ):
        requests = [get(f"{upstream.url}/{number:02}") for number in range(50)]
        answers = await asyncio.gather(*[fetch(transport, request) for request in requests])
        assert answers == [(200, b"ok")] * 50
        assert len(upstream.connections) == 2
        order = [int(request.target[1:]) for request in upstream.requests]
        assert all(abs(place - number) <= 2 for place, number in enumerate(order))
        assert slots(transport) == (2, 2, 0)


async def test_newcomers_do_not_overtake() -> None:
    gate = asyncio.Event()
    script: list[Step] = [gate, answer(b"ok")]
    async with (
        ScriptedUpstream(script, [answer(b"ok")]) as upstream,
        Transport(max_connections_per_origin=1) as transport,
    ):

        async def again() -> None:
            await fetch(transport, get(upstream.url + "/first"))
            await fetch(transport, get(upstream.url + "/newcomer"))

        first = asyncio.create_task(again())
        await until(lambda: len(upstream.requests) == 1)
        second = asyncio.create_task(fetch(transport, get(upstream.url + "/waiting")))
        await until(lambda: slots(transport) == (1, 0, 1))
        gate.set()
        await asyncio.gather(first, second)
        assert [request.target for request in upstream.requests] == ["/first", "/waiting", "/newcomer"]


async def test_pool_timeout() -> None:
    clock = ManualClock()
    async with (
        ScriptedUpstream([WAIT]) as upstream,
        Transport(max_connections_per_origin=1, clock=clock) as transport,
    ):
        first = asyncio.create_task(fetch(transport, get(upstream.url)))
        await until(lambda: len(upstream.requests) == 1)
        second = asyncio.create_task(fetch(transport, get(upstream.url, timeout={"pool": 3.0})))
        await until(lambda: slots(transport) == (1, 0, 1))
        clock.advance(2.9)
        assert slots(transport) == (1, 0, 1)
        clock.advance(0.2)
        with pytest.raises(httpx.PoolTimeout):
            await second
        assert slots(transport) == (1, 0, 0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert slots(transport) == (0, 0, 0)


async def test_slot_of_a_failed_connection_goes_to_who_waits() -> None:
    async with (
        ScriptedUpstream([RESET], [answer(b"ok", 200, ("connection", "close"))]) as upstream,
        Transport(max_connections_per_origin=1) as transport,
    ):
        results = await asyncio.gather(
            *[fetch(transport, get(upstream.url)) for _ in range(5)], return_exceptions=True
        )
        assert isinstance(results[0], ConnectionReset)
        assert results[1:] == [(200, b"ok")] * 4
        assert slots(transport) == (0, 0, 0)


async def test_origins_are_apart(transport: Transport) -> None:
    async with ScriptedUpstream([answer(b"a")]) as one, ScriptedUpstream([answer(b"b")]) as two:
        for _ in range(2):
            assert await fetch(transport, get(one.url)) == (200, b"a")
            assert await fetch(transport, get(two.url)) == (200, b"b")
        assert transport.stats() == [OriginStats(one.url, 1, 1, 0), OriginStats(two.url, 1, 1, 0)]


async def test_returned_before_the_reader_is_done(transport: Transport) -> None:
    async with ScriptedUpstream([head(), chunk(b"a"), chunk(b"")]) as upstream:
        response = await transport.handle_async_request(get(upstream.url))
        await until(lambda: slots(transport) == (1, 1, 0))
        assert await fetch(transport, get(upstream.url)) == (200, b"a")
        assert await read(response) == b"a"
        assert len(upstream.connections) == 1


async def test_unfinished_answer_closes_its_connection(transport: Transport) -> None:
    async with ScriptedUpstream([head(), chunk(b"a"), WAIT]) as upstream:
        response = await transport.handle_async_request(get(upstream.url))
        assert slots(transport) == (1, 0, 0)
        await close(response)
        assert slots(transport) == (0, 0, 0)
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 1)


async def test_closed_idle_connection_is_dropped(transport: Transport) -> None:
    async with ScriptedUpstream([answer(b"ok"), CLOSE]) as upstream:
        await fetch(transport, get(upstream.url))
        await until(lambda: slots(transport) == (0, 0, 0))
        assert await fetch(transport, get(upstream.url)) == (200, b"ok")


@pytest.mark.parametrize("end", [CLOSE, RESET])
@pytest.mark.parametrize("size", [2, 3_000_000])
async def test_stale_connection_is_tried_once_more(transport: Transport, end: Step, size: int) -> None:
    async with ScriptedUpstream([answer(b"one")], [end], [answer(b"two")]) as upstream:
        assert await fetch(transport, get(upstream.url)) == (200, b"one")
        assert await fetch(transport, post(upstream.url, b"x" * size)) == (200, b"two")
        assert [request.connection for request in upstream.requests] == [0, 0, 1]
        assert slots(transport) == (1, 1, 0)


async def test_stale_connection_found_while_sending(transport: Transport) -> None:
    connections = 0
    content = b"x" * 20_000_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        if connections == 1:
            writer.write(answer(b"one"))
            await reader.readexactly(1000)
            writer.transport.abort()
        else:
            assert await reader.readexactly(len(content)) == content
            writer.write(answer(b"two"))

    async with raw_server(serve) as url:
        assert await fetch(transport, get(url)) == (200, b"one")
        assert await fetch(transport, post(url, content)) == (200, b"two")


async def test_streamed_body_is_not_sent_twice(transport: Transport) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"once"

    async with ScriptedUpstream([answer(b"one")], [CLOSE], [answer(b"two")]) as upstream:
        await fetch(transport, get(upstream.url))
        with pytest.raises(ConnectionReset):
            await fetch(transport, httpx.Request("POST", upstream.url, content=body()))
        assert len(upstream.requests) == 2


async def test_stale_connection_at_the_limit() -> None:
    async with (
        ScriptedUpstream([answer(b"one")], [CLOSE], [answer(b"two")]) as upstream,
        Transport(max_connections_per_origin=1) as transport,
    ):
        await fetch(transport, get(upstream.url))
        assert await fetch(transport, get(upstream.url)) == (200, b"two")


async def test_other_idle_connections_are_not_trusted_either() -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    scripts: list[list[Step]] = [[gate, answer(b"ok")] for gate in gates]
    async with (
        ScriptedUpstream(*scripts, [RESET], [answer(b"fresh")]) as upstream,
        Transport(max_connections_per_origin=2) as transport,
    ):
        tasks = [asyncio.create_task(fetch(transport, get(upstream.url))) for _ in gates]
        await until(lambda: len(upstream.requests) == 2)
        for gate in gates:
            gate.set()
        await asyncio.gather(*tasks)
        assert await fetch(transport, get(upstream.url)) == (200, b"fresh")
        assert upstream.requests[-1].connection == 2


@pytest.mark.parametrize(
    ("scripts", "kind"),
    [
        ([[RESET]], ConnectionReset),  # a fresh connection
        ([[CLOSE]], ConnectionReset),
        ([[answer(b"ok")], [RESET], [RESET]], ConnectionReset),  # the second try
        (
            [[answer(b"ok")], [b"H", CLOSE], [answer(b"two")]],
            ConnectionReset,
        ),  # a byte of the answer had come
        ([[answer(b"ok")], [b"HTTP/1.1 100 Continue\r\n\r\n", CLOSE], [answer(b"two")]], ConnectionReset),
        ([[answer(b"ok")], [WAIT], [answer(b"two")]], httpx.ReadTimeout),
    ],
)
async def test_no_second_try(transport: Transport, scripts: list[list[Step]], kind: type[Exception]) -> None:
    async with ScriptedUpstream(*scripts) as upstream:
        if len(scripts) > 1:
            await fetch(transport, get(upstream.url))
        with pytest.raises(kind) as caught:
            await fetch(transport, post(upstream.url, timeout={"read": 0.05}))
        if isinstance(caught.value, ConnectionReset):
            assert caught.value.failure == "reset"
            assert not caught.value.in_body
        assert slots(transport) == (0, 0, 0)


async def test_reset_in_the_body(transport: Transport) -> None:
    async with ScriptedUpstream([answer(b"ok")], [head(), chunk(b"a"), 0.01, RESET]) as upstream:
        await fetch(transport, get(upstream.url))
        with pytest.raises(ConnectionReset) as caught:
            await fetch(transport, get(upstream.url))
        assert caught.value.in_body
        assert len(upstream.requests) == 2


async def test_reset_is_not_the_end_of_a_body_without_length(transport: Transport) -> None:
    async with ScriptedUpstream([head(framing=None), b"12345", 0.01, RESET]) as upstream:
        with pytest.raises(ConnectionReset):
            await fetch(transport, get(upstream.url))


async def test_upstream_ends_its_side_while_the_request_is_being_sent(transport: Transport) -> None:
    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write_eof()
        await asyncio.Event().wait()

    async with raw_server(end) as url:
        with pytest.raises(SendFailed):
            await fetch(transport, post(url, b"x" * 50_000_000))
        assert slots(transport) == (0, 0, 0)


async def test_upstream_leaves_while_the_request_is_being_sent(transport: Transport) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1000)
        writer.transport.abort()

    async with raw_server(leave) as url:
        with pytest.raises(SendFailed) as caught:
            await fetch(transport, post(url, b"x" * 20_000_000))
        assert caught.value.failure == "reset"
        assert slots(transport) == (0, 0, 0)


async def test_early_refusal_of_a_streamed_body(transport: Transport) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100_000)
        writer.write(answer(b"too large", 413))
        while await reader.read(65_536):
            pass

    async with raw_server(refuse) as url:
        request = httpx.Request("POST", url, content=endless())
        assert await fetch(transport, request) == (413, b"too large")
        assert slots(transport) == (0, 0, 0)


@pytest.mark.parametrize("streamed", [True, False])
async def test_answered_before_the_request_is_whole(transport: Transport, streamed: bool) -> None:
    async def slow() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"no", 401))
        while streamed and await reader.read(1000):
            pass
        await asyncio.Event().wait()

    async with raw_server(refuse) as url:
        request = httpx.Request("POST", url, content=slow() if streamed else b"x" * 50_000_000)
        assert await fetch(transport, request) == (401, b"no")
        assert slots(transport) == (0, 0, 0)


async def test_closing_the_transport_ends_everything() -> None:
    async with ScriptedUpstream([answer(b"ok")], [head(), chunk(b"a"), WAIT], [WAIT]) as upstream:
        transport = Transport(max_connections_per_origin=2)
        await fetch(transport, get(upstream.url))
        open_answer = await transport.handle_async_request(get(upstream.url))
        before_head = asyncio.create_task(fetch(transport, get(upstream.url)))
        await until(lambda: len(upstream.requests) == 3)
        waiting = asyncio.create_task(fetch(transport, get(upstream.url)))
        await until(lambda: slots(transport) == (2, 0, 1))
        await transport.aclose()
        with pytest.raises(ConnectionReset):
            await read(open_answer)
        with pytest.raises(ConnectionReset):
            await before_head
        with pytest.raises(RuntimeError):
            await waiting
        with pytest.raises(RuntimeError):
            await fetch(transport, get(upstream.url))
        assert slots(transport) == (0, 0, 0)
        await transport.aclose()
        await until(lambda: all(connection.peer_left.is_set() for connection in upstream.connections))


async def test_a_second_try_makes_room_at_the_limit() -> None:
    clock = ManualClock()
    origin = Origin("http", "127.0.0.1", 80, verify=True, limit=1, clock=clock)
    origin.opened = 1
    async with ScriptedUpstream() as upstream:
        _, link = await asyncio.get_running_loop().create_connection(
            lambda: Connection(clock, set(), high_water=1, head_limit=1), "127.0.0.1", upstream.port
        )
        link.origin = origin
        origin.put(link)
        assert await origin.admit(None, fresh=True) is None
        assert link.gone
        assert origin.stats == OriginStats("http://127.0.0.1:80", 1, 0, 0)
        await link.lost
