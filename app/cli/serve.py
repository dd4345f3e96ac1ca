"""`llm-gateway serve`: the application under uvicorn, and what it says at the start. The demo is next door."""

import asyncio
import contextlib
import gc
import importlib
import logging
import math
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from types import FrameType
from typing import TYPE_CHECKING

import msgspec
from uvicorn.config import Config
from uvicorn.server import Server

from app.api.proxy.http import http_protocol
from app.api.proxy.pipeline import STATE_KEY
from app.api.state import Application
from app.cli import lean
from app.cli.database import opened
from app.cli.start import greeting, url_of
from app.common.errors import Unavailable
from app.config import Settings
from app.repositories.admin import AdminUserRepository
from app.services.admin_auth import may_bind
from app.workers.frames import Kind
from app.workers.port import listening

if TYPE_CHECKING:
    from app.workers.seat import Seat
    from app.workers.team import Team  # not for every system

LOOPBACK = "127.0.0.1"
ENDING_SECONDS = 2.0
"""For requests that are cut at the end, to leave their records."""
LOOK_SECONDS = 0.02
"""Between two looks whether they have."""
TICK_SECONDS = 1.0
"""Between two renewals of the `date` header."""
WAIT_SECONDS = 2.0
"""Between two tries to ask the database for an administrator."""

GC_THRESHOLDS = (10_000, 20, 50)
"""Python's own (700, 10, 10) look for garbage cycles every few requests, which make none: a twelfth of all CPU time."""

_log = logging.getLogger(__name__)


def serve(settings: Settings, *, with_demo: bool) -> int:
    """Run the gateway in this process until a stop signal."""
    with ExitStack() as stack:
        example: list[str] = []
        if with_demo:
            from app.cli import demo

            settings, tried_first = stack.enter_context(demo.prepared(settings))
        listen_on = safe_host(settings)
        sock = stack.enter_context(listening(listen_on, settings.port))
        url = url_of(listen_on, sock)
        if with_demo:
            example = tried_first.lines(url)
        text = "\n".join([greeting(url), *example])
        _Server(_application(settings), settings, text).run(sockets=[sock])
    return 0


def serve_as(seat: "Seat", settings: Settings, sock: socket.socket) -> None:
    """Be a worker, from the supervisor's word to its word, or its end."""
    app = _application(settings)
    if seat.wait() is Kind.GO:
        _Server(app, settings, seat=seat).run(sockets=[sock])


def _application(settings: Settings) -> Application:
    # By name, as any ASGI server would: the application is above the command line in the layers.
    app: Application = importlib.import_module("app.asgi").create_app(settings)
    return app


class _Server(Server):
    """uvicorn, with the application's start and stop in its own hands.

    A start that fails is raised as it is, instead of logged with a trace; and the application is told of a stop
    signal at once, instead of when the last connection has closed.
    """

    def __init__(
        self, app: Application, settings: Settings, greeting: str = "", seat: "Seat | None" = None
    ) -> None:
        """
        :param greeting: printed when it answers.
        :param seat: of a worker among several, which tells its supervisor instead.
        """
        super().__init__(
            Config(
                app,
                loop="asyncio" if sys.platform == "win32" else "uvloop",
                http=http_protocol(lambda: app.state.get(STATE_KEY)),
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=math.ceil(settings.drain_seconds),
            )
        )
        self._app = app
        self._greeting = greeting
        self._seat = seat
        self._team: Team | None = None
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        async with AsyncExitStack() as parts:
            if self._seat is not None:
                await parts.enter_async_context(self._joined(self._seat))
            await parts.enter_async_context(self._app.lifespan())
            await parts.enter_async_context(lean.giving_back())
            await super().startup(sockets)
            self._parts = parts.pop_all()
        gc.collect()
        gc.freeze()  # what is there now stays to the end: later collections need not look at it
        gc.set_threshold(*GC_THRESHOLDS)
        lean.give_back()
        lean.put_down_code()
        if self._team is not None:
            self._team.up()
        else:
            print(self._greeting, flush=True)

    @asynccontextmanager
    async def _joined(self, seat: "Seat") -> AsyncIterator[None]:
        from app.workers.team import Team  # not for every system

        self._team = team = self._app.state.gateway.team = Team(seat, self._told_to_stop)
        await team.join()
        try:
            yield
        finally:
            team.leave()

    def _told_to_stop(self, at_once: bool) -> None:
        self._app.state.gateway.draining = True
        self.should_exit = True
        self.force_exit = self.force_exit or at_once
        self._wake()

    async def main_loop(self) -> None:
        """As uvicorn's, which looks ten times a second whether it shall end; this one is woken for it."""
        while not await self.on_tick(0):  # 0: a whole second, at which it renews the `date` header
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._woken.wait()

    def _wake(self) -> None:
        """Look at once whether to end; from a signal handler, too."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().shutdown(sockets)
            await self._cut()
        finally:
            await self._parts.aclose()

    async def _cut(self) -> None:
        """End what is still open, tasks and drivers, and wait for it: each request leaves its record."""
        open_still = list(self.server_state.tasks)
        for task in open_still:
            if not task.cancelling():
                task.cancel()
        for _ in range(round(ENDING_SECONDS / LOOK_SECONDS)):
            if not self.server_state.tasks:
                break
            await asyncio.sleep(LOOK_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._seat is not None and self.should_exit:
            return  # a terminal and some supervisors signal all processes; which one is the second, ours knows
        self._app.state.gateway.draining = True
        self.force_exit = self.should_exit  # the second signal: nobody waits for open requests any more
        super().handle_exit(sig, frame)
        self._wake()


def safe_host(settings: Settings, *, with_demo: bool = False) -> str:
    """The address to listen on: the one that was asked for, once somebody can administer the gateway.

    :param with_demo: with the database that the demo is going to use.
    """
    if with_demo:
        from app.cli import demo

        settings = msgspec.structs.replace(settings, **demo.own_files(settings))
    if may_bind(settings.host, settings.admin_token is not None) or asyncio.run(_has_administrator(settings)):
        return settings.host
    _log.warning(
        "No administrator yet: listening on %s only. Set ADMIN_TOKEN, or make an administrator and start again.",
        LOOPBACK,
    )
    return LOOPBACK


async def _has_administrator(settings: Settings) -> bool:
    while True:
        try:
            async with opened(settings) as (database, _), database.read() as session:
                return await AdminUserRepository(session=session).exists()
        except Unavailable as error:
            _log.warning("%s Nothing listens before it says whether there is an administrator.", error)
            await asyncio.sleep(WAIT_SECONDS)
