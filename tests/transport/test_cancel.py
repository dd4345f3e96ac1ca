"""A gateway's callers leave all day: whoever is cancelled, anywhere, leaves every slot usable and nothing behind."""

import asyncio
import gc
import random
from collections.abc import AsyncIterator

import httpx
import pytest

from app.providers.transport import Transport
from app.providers.transport.connection import Connection
from tests.support.sockets import WAIT, ScriptedUpstream, Step, answer, chunk, head
from tests.transport.kinds import Make, differs
from tests.transport.loops import Names
from tests.unit.providers.transport.support import descriptors, fetch, get, post, raw_server, slots, until

LIMIT = 5


async def all_slots_usable(seam: httpx.AsyncBaseTransport) -> None:
    """As many requests as there are slots get through to a new upstream at the same time."""
    gate = asyncio.Event()
    async with ScriptedUpstream([gate, answer(b"ok")]) as upstream:
        tasks = [asyncio.create_task(fetch(seam, post(upstream.url))) for _ in range(LIMIT)]
        try:
            await until(lambda: len(upstream.requests) == LIMIT, 1)
            gate.set()
            assert await asyncio.gather(*tasks) == [(200, b"ok")] * LIMIT
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def cancelled(task: asyncio.Task[tuple[int, bytes]]) -> None:
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "script",
    [[WAIT], [b"HTTP/1.1 200 OK\r\nX-Half", WAIT], [head(), WAIT], [head(), chunk(b"a"), b"5\r\nab", WAIT]],
    ids=["before", "in-head", "after-head", "in-body"],
)
async def test_while_the_answer_comes(make: Make, script: list[Step]) -> None:
    seam = make(limit=LIMIT)
    async with ScriptedUpstream(script) as upstream:
        for number in range(2 * LIMIT):
            task = asyncio.create_task(fetch(seam, post(upstream.url)))
            await until(lambda number=number: len(upstream.requests) > number)  # type: ignore[misc]  # bound now
            await cancelled(task)
            await asyncio.wait_for(upstream.connections[number].peer_left.wait(), 5)
    await all_slots_usable(seam)


@differs(httpx_uvloop="loses a slot to a connection cancelled while it is made")
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_while_it_connects(make: Make, scheme: str) -> None:
    seam = make(limit=LIMIT)
    async with ScriptedUpstream() as upstream:
        for number in range(2 * LIMIT):
            task = asyncio.create_task(fetch(seam, get(f"{scheme}://127.0.0.1:{upstream.port}/")))
            for _ in range(number):
                await asyncio.sleep(0)
            await cancelled(task)
    await all_slots_usable(seam)


async def test_while_the_name_is_looked_up(make: Make, names: Names) -> None:
    seam = make(limit=LIMIT)
    names["slow.test"] = asyncio.Event()
    for _ in range(2 * LIMIT):
        task = asyncio.create_task(fetch(seam, get("http://slow.test/")))
        for _ in range(5):
            await asyncio.sleep(0)
        await cancelled(task)
    await all_slots_usable(seam)


async def test_while_the_request_is_sent(make: Make) -> None:
    seam = make(limit=LIMIT)
    started = asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        while True:
            started.set()
            yield b"x" * 1_000_000

    async def never_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with raw_server(never_read) as url:
        for _ in range(2 * LIMIT):
            started.clear()
            task = asyncio.create_task(fetch(seam, httpx.Request("POST", url, content=source())))
            await asyncio.wait_for(started.wait(), 5)
            await cancelled(task)
    await all_slots_usable(seam)


async def test_while_it_waits_for_a_slot(make: Make) -> None:
    seam = make(limit=LIMIT)
    async with ScriptedUpstream([WAIT]) as upstream:
        tasks = [asyncio.create_task(fetch(seam, post(upstream.url))) for _ in range(6 * LIMIT)]
        await until(lambda: len(upstream.requests) == LIMIT)
        for task in reversed(tasks):
            await cancelled(task)
        assert len(upstream.requests) == LIMIT
    await all_slots_usable(seam)


_LOSES = "loses a slot to a request cancelled while its turn comes (httpcore#1093)"


@differs(httpx=_LOSES)
async def test_after_any_number_of_turns_of_the_event_loop(make: Make) -> None:
    """Whatever a request waits for then, its neighbours never notice."""
    for turns in range(0, 40, 3):
        seam = make(limit=LIMIT)
        async with ScriptedUpstream([head(), chunk(b"o"), chunk(b"k"), chunk(b"")]) as upstream:
            for _ in range(4):
                tasks = [asyncio.create_task(fetch(seam, post(upstream.url))) for _ in range(2 * LIMIT)]
                for _ in range(turns):
                    await asyncio.sleep(0)
                for task in tasks[::2]:
                    task.cancel()
                _, late = await asyncio.wait(tasks, timeout=3)
                for task in late:
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                assert results[1::2] == [(200, b"ok")] * LIMIT
        await all_slots_usable(seam)


async def test_connections_given_up_while_being_made_are_forgotten() -> None:
    """uvloop never tells a protocol of the end of a connection whose making was cancelled just after it was made."""
    before = _connections()
    async with ScriptedUpstream([answer(b"ok")]) as upstream, Transport() as transport:
        for turns in range(10):
            tasks = [asyncio.create_task(fetch(transport, post(upstream.url))) for _ in range(10)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            del tasks, task
            for _ in range(50):
                await asyncio.sleep(0)  # the event loop closes sockets in later turns
        assert _connections() - before == slots(transport)[0]


def _connections() -> int:
    """How many there are in this process, open or not."""
    gc.collect()
    return sum(type(thing) is Connection for thing in gc.get_objects())


@differs(httpx=_LOSES)
async def test_thousands_under_contention(make: Make) -> None:
    choice = random.Random(7)
    seam = make(limit=LIMIT)
    scripts: list[list[Step]] = [
        [answer(b"ok")],
        [0.001, answer(b"ok")],
        [head(), chunk(b"o"), 0.0, chunk(b"k"), chunk(b"")],
        [answer(b"ok", 200, ("connection", "close"))],
    ]
    before = descriptors()
    async with ScriptedUpstream() as upstream:
        upstream.script = lambda number: choice.choice(scripts)
        for _ in range(60):
            tasks = [asyncio.create_task(fetch(seam, post(upstream.url))) for _ in range(40)]
            for task in choice.sample(tasks, len(tasks)):
                if choice.random() < 0.5:
                    await asyncio.sleep(0)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await all_slots_usable(seam)
    await seam.aclose()
    await until(lambda: descriptors() <= before + 2)  # the event loop's own
    assert len(asyncio.all_tasks()) == 1
