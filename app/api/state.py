"""The running parts the routes reach: `app.state.gateway`. `lifespan.py` makes them."""

from typing import Any, cast

import httpx
import msgspec
from litestar.connection import ASGIConnection

from app.common.clock import Clock, SystemClock
from app.common.errors import Unavailable
from app.common.secrets import Keyring
from app.config import Settings
from app.db.session import Database
from app.gateway.admission import parse_networks
from app.gateway.metrics import Metrics
from app.services.admin_auth import AdminAuth
from app.services.log_tail import LogTails
from app.services.log_writer import LogWriter
from app.services.overview import Overviews
from app.services.snapshot import SnapshotService


class Services(msgspec.Struct, frozen=True):
    """Everything that exists once the database has answered for the first time."""

    keyring: Keyring
    database: Database
    snapshot: SnapshotService
    log_writer: LogWriter
    auth: AdminAuth
    tails: LogTails
    overviews: Overviews


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

    @property
    def ready(self) -> bool:
        return self.services is not None and self.services.snapshot.loaded and not self.draining


AnyConnection = ASGIConnection[Any, Any, Any, Any]


def gateway_of(connection: AnyConnection) -> Gateway:
    return cast(Gateway, connection.app.state.gateway)


def services_of(connection: AnyConnection) -> Services:
    """:raises Unavailable: the database has not answered since the start."""
    services = gateway_of(connection).services
    if services is None:
        raise Unavailable("The gateway is starting: its database does not answer yet.", retry_after=2)
    return services
