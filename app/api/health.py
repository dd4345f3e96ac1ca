"""For the machines around us: `/livez`, `/readyz` (one word each) and `/metrics`. Details are in the admin API.

`probes.py` answers before these routes do, where it may; here are all refusals, and who logged in with a password.
"""

from typing import Any

from litestar import HttpMethod, MediaType, Request, Response, get, route
from litestar.handlers.base import BaseRouteHandler

from app.api.admin.auth import AnyConnection, require_admin
from app.api.probes import is_local, readiness, scrape
from app.api.state import gateway_of

AnyRequest = Request[Any, Any, Any]

_PROBES = (HttpMethod.GET, HttpMethod.HEAD)


@route("/livez", http_method=_PROBES, media_type=MediaType.TEXT, include_in_schema=False)
async def livez() -> str:
    """The event loop runs. Nothing else is asked: a database that is down is no reason to restart us."""
    return "alive"


@route("/readyz", http_method=_PROBES, media_type=MediaType.TEXT, include_in_schema=False)
async def readyz(request: AnyRequest) -> Response[str]:
    """There is a snapshot to route with, and no stop was asked for."""
    status, word = readiness(gateway_of(request))
    return Response(word, status_code=status, media_type=MediaType.TEXT)


async def require_scraper(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard: a process of this machine, or an administrator. Names of models and providers are no public matter."""
    if not is_local(connection.scope):
        await require_admin(connection, handler)


@get("/metrics", guards=[require_scraper], include_in_schema=False)
async def metrics(request: AnyRequest) -> Response[bytes]:
    """Prometheus text format."""
    content, kind = await scrape(gateway_of(request))
    return Response(content, media_type=kind)


ROUTES = (livez, readyz, metrics)
