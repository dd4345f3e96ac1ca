"""A gateway on a real socket, served by uvicorn inside the test's own event loop."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager

import uvicorn

from app.api.state import Gateway
from app.asgi import Application, create_app
from app.config import Settings


class LiveServer(uvicorn.Server):
    """Says when it listens, and leaves the test process's signals alone."""

    def __init__(self, app: Application) -> None:
        super().__init__(
            uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="on", log_config=None, proxy_headers=False)
        )
        self.listening = asyncio.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Live:
    """A running gateway: where it is, and its inside for what can't be seen from there."""

    def __init__(self, app: Application, server: LiveServer) -> None:
        self.app = app
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    @property
    def gateway(self) -> Gateway:
        gateway: Gateway = self.app.state.gateway
        return gateway


@asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[Live]:
    """Start a gateway on a free port, and stop it in order.

    :raises RuntimeError: it did not start; the log says why.
    """
    app = create_app(settings)
    server = LiveServer(app)
    running = asyncio.create_task(server.serve())
    listening = asyncio.create_task(server.listening.wait())
    await asyncio.wait({running, listening}, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    if not server.listening.is_set() or not server.started:
        await running
        raise RuntimeError("the gateway did not start")
    try:
        yield Live(app, server)
    finally:
        server.should_exit = True
        await running


@contextlib.contextmanager
def serve_in_thread(settings: Settings) -> Iterator[Live]:
    """The same for tests without an event loop: the gateway has a thread of its own."""
    running: Future[tuple[Live, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        stop = asyncio.Event()
        try:
            async with serve(settings) as live:
                running.set_result((live, asyncio.get_running_loop(), stop))
                await stop.wait()
        except Exception as error:
            if running.done():
                raise
            running.set_exception(error)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    live, loop, stop = running.result()
    try:
        yield live
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
