"""`/livez`, `/readyz` and `/metrics` without Litestar: a gateway that only proxies is probed, too.

What is to be refused goes on to the same routes in `health.py`.
"""

import ipaddress
from typing import TYPE_CHECKING, Any, Final

from app.api.state import Gateway
from app.common.errors import GatewayError

if TYPE_CHECKING:
    from litestar.types import ASGIApp

TEXT: Final = "text/plain; charset=utf-8"

_LOOPBACK_NAMES: Final = (b"localhost", b"127.0.0.1", b"[::1]")
_FORWARDED: Final = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")


class Probes:
    """ASGI middleware."""

    def __init__(self, app: "ASGIApp", gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        found = await self._answer(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        status, kind, body = found
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        team = self._gateway.team
        if team is not None:
            headers.append((b"x-gw-worker", b"%d/%d" % (team.number, team.size)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        sent = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": sent, "more_body": False})

    async def _answer(self, scope: Any) -> tuple[int, str, bytes] | None:
        """Status, content type and body; None for what is not answered here."""
        match scope["path"], scope["method"]:
            case "/livez", "GET" | "HEAD":
                return 200, TEXT, b"alive"
            case "/readyz", "GET" | "HEAD":
                status, word = readiness(self._gateway)
                return status, TEXT, word.encode()
            case "/metrics", "GET" if is_local(scope) or await self._has_token(scope):
                body, kind = await scrape(self._gateway)
                return 200, kind, body
        return None

    async def _has_token(self, scope: Any) -> bool:
        scheme, _, value = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1").partition(" ")
        services = self._gateway.services
        if services is None or scheme.lower() != "bearer":
            return False
        try:
            await services.auth.from_bearer(value.strip())
        except GatewayError:
            return False
        return True


def readiness(gateway: Gateway) -> tuple[int, str]:
    """Status and word: ready once there is a snapshot to route with, until a stop is asked for."""
    word = "draining" if gateway.draining else "ready" if gateway.ready else "starting"
    return (200 if gateway.ready else 503), word


async def scrape(gateway: Gateway) -> tuple[bytes, str]:
    """Prometheus' text format and its content type; of all workers where there are several."""
    from app.services.metrics import CONTENT_TYPE, render, render_all  # loaded at the first scrape

    if gateway.team is None or gateway.team_counts is None:
        return render(gateway.counts()), CONTENT_TYPE
    return render_all(await gateway.team_counts.all(), gateway.team.supervisor), CONTENT_TYPE


def is_local(scope: Any) -> bool:
    """Peer and Host are loopback, and no proxy is in between: neither a proxy on this machine nor a page that
    rebinds its name to 127.0.0.1 opens this to others."""
    client, headers = scope.get("client"), dict(scope["headers"])
    if client is None or any(name in headers for name in _FORWARDED):
        return False
    host = headers.get(b"host", b"").rsplit(b":", 1)[0]
    return host in _LOOPBACK_NAMES and ipaddress.ip_address(client[0]).is_loopback
