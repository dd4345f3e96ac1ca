"""For the machines around us: `/livez`, `/readyz` (one word each) and `/metrics`. Details are in the admin API."""

import ipaddress
from typing import Any

from litestar import HttpMethod, MediaType, Request, Response, get, route
from litestar.handlers.base import BaseRouteHandler

from app.api.admin.auth import require_admin
from app.api.state import AnyConnection, gateway_of

AnyRequest = Request[Any, Any, Any]

_PROBES = (HttpMethod.GET, HttpMethod.HEAD)

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@route("/livez", http_method=_PROBES, media_type=MediaType.TEXT, include_in_schema=False)
async def livez() -> str:
    """The event loop runs. Nothing else is asked: a database that is down is no reason to restart us."""
    return "alive"


@route("/readyz", http_method=_PROBES, media_type=MediaType.TEXT, include_in_schema=False)
async def readyz(request: AnyRequest) -> Response[str]:
    """There is a snapshot to route with, and no stop was asked for."""
    gateway = gateway_of(request)
    word = "draining" if gateway.draining else "ready" if gateway.ready else "starting"
    return Response(word, status_code=200 if gateway.ready else 503, media_type=MediaType.TEXT)


async def require_scraper(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard: a process of this machine, or an administrator. Names of models and providers are no public matter."""
    if not _is_local(connection):
        await require_admin(connection, handler)


@get("/metrics", guards=[require_scraper], include_in_schema=False)
async def metrics(request: AnyRequest) -> Response[bytes]:
    """Prometheus text format."""
    from app.services.metrics import CONTENT_TYPE, render  # loaded at the first scrape

    gateway = gateway_of(request)
    services = gateway.services
    content = render(
        gateway.metrics,
        snapshot=services.snapshot if services else None,
        log_writer=services.log_writer if services else None,
    )
    return Response(content, media_type=CONTENT_TYPE)


def _is_local(connection: AnyConnection) -> bool:
    """Peer and Host are loopback, and no proxy is in between: neither a proxy on this machine nor a page that
    rebinds its name to 127.0.0.1 opens this to others."""
    client = connection.scope.get("client")
    if client is None or any(name in connection.headers for name in _FORWARDED):
        return False
    host = connection.headers.get("host", "").rsplit(":", 1)[0]
    return host in _LOOPBACK_NAMES and ipaddress.ip_address(client[0]).is_loopback


ROUTES = (livez, readyz, metrics)
