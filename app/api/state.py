"""The running parts the routes reach: `app.state.gateway`. `lifespan.py` makes them.

Loaded by every gateway, also by one that only proxies: nothing of Litestar's here.
"""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol, cast

import httpx
import msgspec

from app.common.clock import Clock, SystemClock
from app.common.errors import Unavailable
from app.common.secrets import Keyring
from app.config import Settings
from app.db.session import Database
from app.gateway.admission import parse_networks
from app.gateway.metrics import Metrics
from app.services.admin_auth import AdminAuth
from app.services.counts import Counts, count, over_all
from app.services.log_tail import LogTails
from app.services.log_writer import LogWriter
from app.services.overview import Overviews
from app.services.snapshot import SnapshotService
from app.services.team_counts import TeamCounts
from app.workers.frames import Topic

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection

    from app.workers.team import Team  # not for every system

_log = logging.getLogger(__name__)

FOLLOW_SECONDS = 2.0
"""How long a change waits for the other workers to serve it."""


class Services(msgspec.Struct, frozen=True):
    """Everything that exists once the database has answered for the first time."""

    keyring: Keyring
    database: Database
    snapshot: SnapshotService
    log_writer: LogWriter
    auth: AdminAuth
    tails: LogTails
    overviews: Overviews
    transport: httpx.AsyncBaseTransport


class Gateway:
    """One process: what it was told, what it counts, and how far it is.

    :param clock: gives the time of the start.
    :param transport: reaches upstreams instead of one made at the start; closed at the end.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = settings
        self.transport = transport
        self.metrics = Metrics()
        self.trusted = parse_networks(settings.trusted_proxies)
        """Proxies whose `X-Forwarded-*` headers are believed."""
        self.started_at = (clock or SystemClock()).time()
        """Seconds since the epoch."""
        self.services: Services | None = None
        """None until the database has answered; starting goes on trying."""
        self.draining = False
        """A stop was asked for: open requests go on, new ones should go elsewhere."""
        self.team: Team | None = None
        """The other workers; None where this process is alone."""
        self.team_counts: TeamCounts | None = None
        """None where `team` is."""

    def counts(self) -> Counts:
        """What this process counts and measures, now."""
        services = self.services
        if services is None:
            return count(self.metrics, None, None, None)
        return count(self.metrics, services.snapshot, services.log_writer, services.transport)

    async def figures(self) -> dict[str, float]:
        """The figures of all workers together, by key of `services.counts.FIGURES`."""
        if self.team_counts is None:
            return self.counts().figures
        workers = [worker.lasting for worker in await self.team_counts.all()]
        return over_all(counts.figures for counts in workers if counts is not None)

    async def changed(self, snapshot: SnapshotService, revision: int) -> None:
        """Serve this revision of the configuration, here and in the other workers, before its change is answered."""
        team = self.team
        if team is None:
            await snapshot.refresh(revision)
            return
        question = revision.to_bytes(8, "big")
        _, missing = await asyncio.gather(
            snapshot.refresh(revision), team.ask(Topic.REVISION, question, FOLLOW_SECONDS)
        )
        if missing:
            _log.warning(
                "revision %d: workers %s have not said that they serve it", revision, sorted(missing)
            )

    def replay_turn(self) -> AbstractContextManager[bool]:
        """Whether no other worker replays, for the length of the block."""
        shared = self.team.shared if self.team is not None else None
        return nullcontext(True) if shared is None else shared.turn(shared.REPLAY)

    @property
    def ready(self) -> bool:
        return self.services is not None and self.services.snapshot.loaded and not self.draining


class State(dict[str, Any]):
    """What the parts of an application share, by name. Litestar's own `State` is a view of it."""

    @property
    def gateway(self) -> Gateway:
        return cast(Gateway, self["gateway"])


class Application(Protocol):
    """The whole gateway, as its start and its server see it."""

    state: State

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As ASGI has it."""

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Start at the beginning of the block, stop at its end."""


def gateway_of(connection: "ASGIConnection[Any, Any, Any, Any]") -> Gateway:
    return cast(Gateway, connection.app.state.gateway)


def services_of(connection: "ASGIConnection[Any, Any, Any, Any]") -> Services:
    """:raises Unavailable: the database has not answered since the start."""
    services = gateway_of(connection).services
    if services is None:
        raise Unavailable("The gateway is starting: its database does not answer yet.", retry_after=2)
    return services
