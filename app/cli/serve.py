"""`llm-gateway serve`: the application under uvicorn, and what it says at the start. The demo is next door."""

import asyncio
import gc
import importlib
import logging
import math
import socket
import sys
from contextlib import AsyncExitStack, ExitStack
from types import FrameType

import msgspec
import uvicorn
from litestar import Litestar

from app import __version__
from app.api.state import Gateway
from app.cli import demo, lean
from app.cli.database import opened
from app.common import logs
from app.common.errors import Unavailable
from app.config import Settings, load, unknown_names
from app.repositories.admin import AdminUserRepository
from app.services.admin_auth import may_bind

LOOPBACK = "127.0.0.1"
ENDING_SECONDS = 2.0
"""For requests that are cut at the end, to leave their records."""
WAIT_SECONDS = 2.0
"""Between two tries to ask the database for an administrator."""

GC_THRESHOLD = 10_000
"""Objects made between two looks for cycles of young ones; Python's own 700 are reached by a few requests."""

GC_THRESHOLDS = (10_000, 20, 50)
"""Python's own (700, 10, 10) look for garbage cycles every few requests, which make none: a twelfth of all CPU time."""

_log = logging.getLogger(__name__)


def serve(host: str | None, port: int | None, *, with_demo: bool) -> int:
    """Run the gateway until a stop signal.

    :param host: instead of the setting, like `port`.
    :raises SettingsError, KeyringError, SchemaError, OSError: it can't start like this.
    """
    settings = load()
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = msgspec.structs.replace(settings, **given)
    logs.configure(debug=settings.debug)
    for name, near in unknown_names():
        _log.warning("%s is no setting%s", name, f"; did you mean {near}?" if near else "")
    with ExitStack() as stack:
        example: demo.Example | None = None
        if with_demo:
            settings, example = stack.enter_context(demo.prepared(settings))
        listen_on = _safe_host(settings)
        sock = stack.enter_context(_listener(listen_on, settings.port))
        # By name, as any ASGI server would: the application is above the command line in the layers.
        app = importlib.import_module("app.asgi").create_app(settings)
        _Server(app, settings, _greeting(_url(listen_on, sock), example)).run(sockets=[sock])
    return 0


class _Server(uvicorn.Server):
    """uvicorn, with the application's start and stop in its own hands.

    A start that fails is raised as it is, instead of logged with a trace; and the application is told of a stop
    signal at once, instead of when the last connection has closed.
    """

    def __init__(self, app: Litestar, settings: Settings, greeting: str) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio" if sys.platform == "win32" else "uvloop",
                http="httptools",
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

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        async with AsyncExitStack() as parts:
            await parts.enter_async_context(self._app.lifespan())
            await super().startup(sockets)
            self._parts = parts.pop_all()
        gc.collect()
        gc.freeze()  # what is there now stays to the end: later collections need not look at it
        gc.set_threshold(*GC_THRESHOLDS)
        lean.give_back()
        print(self._greeting, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().shutdown(sockets)
            await self._cut()
        finally:
            await self._parts.aclose()

    async def _cut(self) -> None:
        """End what is still open, and wait for it: each request leaves its record."""
        open_still = list(self.server_state.tasks)
        for task in open_still:
            if not task.cancelling():
                task.cancel()
        if open_still:
            await asyncio.wait(open_still, timeout=ENDING_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        gateway: Gateway = self._app.state.gateway
        gateway.draining = True
        self.force_exit = self.should_exit  # the second signal: nobody waits for open requests any more
        super().handle_exit(sig, frame)


def _safe_host(settings: Settings) -> str:
    """The address to listen on: the one that was asked for, once somebody can administer the gateway."""
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


def _listener(host: str, port: int) -> socket.socket:
    """A listening socket, made before the application: a taken port is found at once, a free one is known by number."""
    if ":" in host:
        return socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=host == "::")
    return socket.create_server((host, port))


def _url(host: str, sock: socket.socket) -> str:
    shown = {"0.0.0.0": LOOPBACK, "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  # compared
    return f"http://{shown}:{sock.getsockname()[1]}"


def _greeting(url: str, example: demo.Example | None) -> str:
    lines = [
        f"LLM Gateway {__version__} on {url}",
        f"  OpenAI clients     base URL {url}/v1",
        f"  Anthropic clients  base URL {url}",
        f"  admin API          {url}/api/admin, described at {url}/schema/openapi.json",
    ]
    return "\n".join([*lines, "", *(example.lines(url) if example else ())])
