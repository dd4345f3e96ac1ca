"""The ASGI application: `create_app()`, for uvicorn's `--factory` and for the command line.

What machines ask all day (the proxied endpoints, lists of models, probes, metrics, files of the dashboard) is answered
here without Litestar. Litestar, with the admin API and its hundred routes, is loaded when a request first needs it: a
gateway that only proxies never pays the 0.3 s and the 15 MiB.
"""

import asyncio
import gc
import threading
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from app import config, lifespan
from app.api.admin.model_paths import ModelPaths
from app.api.dashboard import Dashboard
from app.api.probes import Probes
from app.api.proxy.front import FrontDoor
from app.api.proxy.listing import Listing
from app.api.state import Gateway, State

if TYPE_CHECKING:
    from litestar import Litestar


def create_app(
    settings: config.Settings | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> "Application":
    """
    :param settings: read from the environment and `.env` unless given.
    :param transport: reaches the upstreams, instead of our own.
    """
    return Application(Gateway(settings or config.load(), transport=transport))


class Application:
    """The whole gateway. Attributes that are not here are Litestar's: `app.routes`, `app.openapi_schema`."""

    def __init__(self, gateway: Gateway) -> None:
        self.state = State(gateway=gateway)
        """Litestar's routes see the same: `request.app.state`."""
        self._lock = threading.Lock()
        self._litestar: Litestar | None = None
        self._loading: asyncio.Task[Litestar] | None = None
        rest = ModelPaths(self._ask_litestar)
        self._doors = FrontDoor(Listing(Probes(Dashboard(rest), gateway), self), self)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._doors(scope, receive, send)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.litestar(), name)

    def litestar(self) -> "Litestar":
        """The part that is made with Litestar; loaded by the first call, from whichever thread."""
        with self._lock:
            if self._litestar is None:
                from litestar import Litestar

                from app.plugin import GatewayPlugin

                self._litestar = Litestar(plugins=[GatewayPlugin(self.state)])
                if gc.get_freeze_count():  # as the server did at its start: no collection need look at it
                    gc.freeze()
            return self._litestar

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Start and stop of everything in the background, for a server that does not speak ASGI's lifespan."""
        async with lifespan.run(self):
            yield

    async def _ask_litestar(self, scope: Any, receive: Any, send: Any) -> None:
        litestar = self._litestar
        if litestar is None:
            # In a thread, where proxying goes on beside it. All who come meanwhile wait for the same one, and one
            # who leaves does not stop it.
            if self._loading is None or self._loading.done():
                self._loading = asyncio.create_task(asyncio.to_thread(self.litestar))
            litestar = await asyncio.shield(self._loading)
        await litestar(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        """ASGI's lifespan protocol (asgi.readthedocs.io, "Lifespan Protocol")."""
        await receive()
        phase = "startup"
        try:
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
        except BaseException:
            await send({"type": f"lifespan.{phase}.failed", "message": traceback.format_exc()})
            raise
        await send({"type": "lifespan.shutdown.complete"})
