"""The hot path on a real socket without a database: a fixed snapshot, a list of records, any clock or transport.

For what needs exact control of time and faults; `gateway.py` next door runs the whole program.
"""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import msgspec
import uvicorn
from litestar import Litestar

from app.api.errors import EXCEPTION_HANDLERS
from app.api.proxy.http import http_protocol
from app.api.proxy.pipeline import STATE_KEY
from app.api.proxy.router import ROUTES
from app.common.clock import Clock
from app.common.secrets import new_api_key
from app.config import Settings
from app.domain.api_key import ApiKey
from app.domain.exchange import Exchange
from app.domain.model import Model, Retry, Strategy, Target
from app.domain.provider import Protocol, Provider, Timeouts
from app.domain.snapshot import Route, RoutingSnapshot
from app.gateway.metrics import Metrics
from app.gateway.pipeline import Pipeline
from app.providers.transport import Transport
from app.rules.engine import RuleSet

FAST_RETRY = Retry(max_attempts=3, delay=0.0, max_delay=5.0, max_attempts_total=8)
TIMEOUTS = Timeouts(connect=2.0, first_byte=30.0, idle=30.0, total=60.0)


class StaticSource:
    """A snapshot source without a database. Replace `current` to change the configuration."""

    def __init__(self, snapshot: RoutingSnapshot) -> None:
        self.current = snapshot
        self.fresh = True

    def key_digest(self, value: str) -> bytes:
        return hashlib.sha256(value.encode()).digest()


class Records:
    """A log sink that keeps what it is given."""

    def __init__(self) -> None:
        self.all: list[Exchange] = []
        self._arrived = asyncio.Event()

    def put(self, exchange: Exchange) -> None:
        self.all.append(exchange)
        self._arrived.set()

    async def wait(self, count: int, seconds: float = 5.0) -> list[Exchange]:
        """The records once there are `count` of them."""
        async with asyncio.timeout(seconds):
            while len(self.all) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.all


def provider(
    base_url: str,
    number: int = 1,
    *,
    protocol: Protocol = Protocol.OPENAI,
    timeouts: Timeouts = TIMEOUTS,
    credential: str | None = "sk-upstream-credential",
    headers: tuple[tuple[str, str], ...] = (),
) -> Provider:
    return Provider(number, f"provider-{number}", protocol, base_url, credential, headers, timeouts)


def target(of: Provider, number: int | None = None, *, rule: str = "", model: str | None = None) -> Target:
    number = of.id if number is None else number
    return Target(number, of, model or f"upstream-{number}", rule, priority=0, weight=1)


def route(
    targets: Sequence[Target],
    *,
    name: str = "m",
    rule: str = "",
    strategy: Strategy = Strategy.PRIORITY,
    retry: Retry = FAST_RETRY,
    number: int = 1,
) -> Route:
    """A model; with the default strategy its targets are tried in the order given."""
    tiers = tuple(msgspec.structs.replace(t, priority=i) for i, t in enumerate(targets))
    chosen = tiers if strategy is Strategy.PRIORITY else tuple(targets)
    model = Model(number, name, rule, strategy, retry, chosen, created=1_700_000_000.0)
    return Route(model, RuleSet(model))


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something that tells nobody when it happens, such as a descriptor being closed."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(0.001)


class HotPath(msgspec.Struct):
    """A running one."""

    url: str
    key: str
    source: StaticSource
    records: Records
    pipeline: Pipeline
    client: httpx.AsyncClient
    """Sends the key; `base_url` is the gateway."""

    async def chat(self, body: dict[str, Any] | bytes | None = None, **options: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body or chat_body())
        return await self.client.post("/v1/chat/completions", content=content, **options)


def chat_body(model: str = "m", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}


def snapshot_of(*routes: Route, keys: dict[str, ApiKey], revision: int = 1) -> RoutingSnapshot:
    digests = {hashlib.sha256(value.encode()).digest(): key for value, key in keys.items()}
    return RoutingSnapshot(revision, digests, {r.model.name: r for r in routes})


@asynccontextmanager
async def hot_path(
    *routes: Route,
    settings: Settings | None = None,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    key: ApiKey | None = None,
    revision: int = 1,
) -> AsyncIterator[HotPath]:
    """Serve these routes on a free port."""
    value = new_api_key()
    source = StaticSource(snapshot_of(*routes, keys={value: key or ApiKey(1, "tests")}, revision=revision))
    records = Records()
    used = transport or Transport()
    pipeline = Pipeline(source, records, used, settings or Settings(), Metrics(), clock)
    application = Litestar(
        list(ROUTES), exception_handlers=EXCEPTION_HANDLERS, openapi_config=None, logging_config=None
    )
    application.state[STATE_KEY] = pipeline
    async with served(application, http_protocol(lambda: pipeline)) as url:
        headers = {"authorization": f"Bearer {value}", "content-type": "application/json"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
            yield HotPath(url, value, source, records, pipeline, client)
    await pipeline.drain()
    await used.aclose()


@asynccontextmanager
async def served(application: Any, http: Any = "httptools", **options: Any) -> AsyncIterator[str]:
    """An ASGI application behind uvicorn on a free loopback port, in this event loop.

    :param http: the server protocol, instead of uvicorn's own.
    :param options: of uvicorn.
    """
    # asyncio switches Nagle's algorithm off only on sockets that name their protocol
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        http=http,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        **{"timeout_graceful_shutdown": 1, **options},
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await until(lambda: server.started or task.done())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Any:
        yield  # the test runner's signals are not ours
