"""The server stops, and connections that nobody uses are closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from litestar import Litestar

from app.api.proxy.http import http_protocol
from app.api.proxy.pipeline import STATE_KEY
from app.api.proxy.router import ROUTES
from app.common.secrets import new_api_key
from app.config import Settings
from app.domain.api_key import ApiKey
from app.domain.exchange import EndReason
from app.gateway.metrics import Metrics
from app.gateway.pipeline import Pipeline
from app.providers.transport import Transport
from tests.support.caller import Caller, post
from tests.support.hotpath import Records, StaticSource, provider, route, served, snapshot_of, target, until
from tests.support.sockets import WAIT, ScriptedUpstream, Step, answer, chunk, head

OK = answer(b'{"ok":true}')
KEY = new_api_key()
MODELS = f"GET /v1/models HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {KEY}\r\n\r\n".encode()


class Server:
    """One that can be told to stop, and that is `draining` from then on."""

    def __init__(self, upstream: ScriptedUpstream, transport: Transport, **options: Any) -> None:
        self.draining = False
        self.records = Records()
        self.url = ""
        self._stop = asyncio.Event()
        self._options = options
        source = StaticSource(
            snapshot_of(route([target(provider(upstream.url))]), keys={KEY: ApiKey(1, "k")})
        )
        self.pipeline = Pipeline(
            source, self.records, transport, Settings(), Metrics(), is_draining=lambda: self.draining
        )

    async def run(self, ready: asyncio.Event) -> None:
        application = Litestar(list(ROUTES), openapi_config=None, logging_config=None)
        application.state[STATE_KEY] = self.pipeline
        async with served(application, http_protocol(lambda: self.pipeline), **self._options) as self.url:
            ready.set()
            await self._stop.wait()

    def stop(self) -> None:
        self.draining = True
        self._stop.set()


@asynccontextmanager
async def serving(
    upstream: ScriptedUpstream, **options: Any
) -> AsyncIterator[tuple[Server, asyncio.Task[None]]]:
    """A server and the task that ends with it."""
    async with Transport() as transport:
        server, ready = Server(upstream, transport, **options), asyncio.Event()
        task = asyncio.create_task(server.run(ready))
        await ready.wait()
        try:
            yield server, task
        finally:
            server.stop()
            await task
            await server.pipeline.drain()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_stopping_server_waits_for_its_requests(stream: bool) -> None:
    go_on = asyncio.Event()
    script: list[Step] = [head(), chunk(b"data: 1\n\n"), go_on, chunk(b"data: [DONE]\n\n"), chunk(b"")]
    async with (
        ScriptedUpstream(script if stream else [go_on, OK]) as upstream,
        serving(upstream, timeout_graceful_shutdown=30) as (server, stopped),
    ):
        idle = await Caller.dial(server.url)
        idle.send(MODELS)
        await idle.reply()
        busy = await Caller.dial(server.url)
        busy.send(post(KEY, stream=stream))
        await upstream.arrived.wait()
        server.stop()
        assert await idle.is_closed()
        assert not stopped.done()
        go_on.set()
        assert (await busy.reply()).status == 200
        assert await busy.is_closed()
        await stopped
        assert [record.end_reason for record in await server.records.wait(1)] == [EndReason.COMPLETE]


async def test_who_takes_too_long_is_told_so() -> None:
    async with ScriptedUpstream([WAIT]) as upstream, serving(upstream) as (server, stopped):
        callers = [await Caller.dial(server.url) for _ in range(3)]
        for caller in callers:
            caller.send(post(KEY))
        await until(lambda: len(upstream.requests) == 3)
        server.stop()
        for caller in callers:
            assert (await caller.reply()).status == 503
            assert await caller.is_closed()
        await stopped
        assert [record.error_code for record in await server.records.wait(3)] == ["draining"] * 3
        await until(lambda: all(connection.peer_left.is_set() for connection in upstream.connections))


async def test_a_stream_that_takes_too_long_is_cut() -> None:
    script: list[Step] = [head(), chunk(b"data: 1\n\n"), WAIT]
    async with ScriptedUpstream(script) as upstream, serving(upstream) as (server, stopped):
        caller = await Caller.dial(server.url)
        caller.send(post(KEY, stream=True))
        await caller.reader.readuntil(b"data: 1\n\n")
        server.stop()
        with pytest.raises(asyncio.IncompleteReadError):
            await caller.reader.readuntil(b"0\r\n\r\n")
        caller.leave()
        await stopped
        (record,) = await server.records.wait(1)
        assert record.error_code == "cancelled"


async def test_a_connection_that_nobody_uses_is_closed() -> None:
    async with ScriptedUpstream([OK]) as upstream, serving(upstream, timeout_keep_alive=0.1) as (server, _):
        for sent in (
            b"",
            post(KEY)[:40],
            post(KEY),
            post(KEY) * 2,
            MODELS,
            MODELS + post(KEY),
            post(KEY) + MODELS,
        ):
            caller = await Caller.dial(server.url)
            caller.send(sent)
            for _ in range(sent.count(b"HTTP/1.1") if len(sent) > 40 else 0):
                assert (await caller.reply()).status == 200
            assert await caller.is_closed()


@pytest.mark.parametrize("before", [b"", MODELS, post(KEY)], ids=["first", "after another", "known head"])
async def test_a_connection_is_not_closed_under_a_request(before: bytes) -> None:
    go_on = asyncio.Event()
    async with ScriptedUpstream() as upstream, serving(upstream, timeout_keep_alive=0.1) as (server, _):
        slow = len(before) and before.startswith(b"POST")
        upstream.script = lambda number: [OK] if number < slow else [go_on, OK]
        busy = await Caller.dial(server.url)
        if before:
            busy.send(before)
            await busy.reply()
        upstream.arrived.clear()
        busy.send(post(KEY))
        await upstream.arrived.wait()
        for _ in range(2):
            later = await Caller.dial(server.url)
            assert await later.is_closed()
        go_on.set()
        assert (await busy.reply()).status == 200
        assert await busy.is_closed()
