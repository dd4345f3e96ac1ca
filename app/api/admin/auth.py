"""Who is calling: the guards of the admin router, which refuse by default, and the session cookie.

A route is open to strangers only where its decorator says `opt=OPEN`. `services/admin_auth.py` knows who is who.
"""

import ipaddress
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers.base import BaseRouteHandler

from app.api.state import gateway_of, services_of
from app.common.errors import Forbidden, Unauthenticated
from app.domain.admin import Actor
from app.gateway.admission import client_ip
from app.services.admin_auth import SESSION_LIFE, Identity, NewSession

OPEN: Final = {"open": True}
"""For `opt=` of a route that needs no authentication."""
OPEN_SECURITY: Final[list[dict[str, list[str]]]] = [{}]
"""For `security=` of the same route, so that the OpenAPI document says so."""

COOKIE: Final = "gw_session"
SECURE_COOKIE: Final = "__Host-gw_session"
"""Over HTTPS: a browser takes a cookie of such a name from nobody but this very host (RFC 6265bis part 4.1.3.2)."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

AnyConnection = ASGIConnection[Any, Any, Any, Any]
AnyRequest = Request[Any, Any, Any]


async def require_admin(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard: let administrators in and note who it is.

    :raises Unauthenticated: no credentials, or none that are valid. API keys of the proxy are none.
    :raises Forbidden: a browser sends the request for another site.
    """
    if handler.opt.get("open"):
        _refuse_other_sites(connection, says_so=False)
        return
    identity = await authenticate(connection)
    connection.scope["user"] = identity.actor
    connection.scope["auth"] = identity


async def authenticate(connection: AnyConnection, *, is_use: bool = True) -> Identity:
    """Who sends the credentials of this request.

    :param is_use: somebody is at work: it keeps an idle session from ending.
    :raises Unauthenticated, Forbidden: as for `require_admin`.
    """
    auth = services_of(connection).auth
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("Send the token as 'Authorization: Bearer'.")
        return await auth.from_bearer(value.strip())
    if cookie := connection.cookies.get(cookie_name(connection)):
        _refuse_other_sites(connection, says_so=True)
        return await auth.from_cookie(cookie, is_use=is_use)
    raise Unauthenticated("Log in, or send a token as 'Authorization: Bearer'.")


async def provide_actor(request: AnyRequest) -> Actor:
    """Dependency `actor`: who is calling."""
    actor: Actor = request.user
    return actor


def identity_of(request: AnyRequest) -> Identity:
    identity: Identity = request.auth
    return identity


def cookie_name(connection: AnyConnection) -> str:
    return SECURE_COOKIE if _is_https(connection) else COOKIE


def session_cookie(request: AnyRequest, session: NewSession) -> Cookie:
    """The cookie that carries a session."""
    return _cookie(request, session.value, int(SESSION_LIFE.total_seconds()))


def ended_cookie(request: AnyRequest) -> Cookie:
    """The cookie that removes the one above."""
    return _cookie(request, "", 0)


def address_of(connection: AnyConnection) -> str | None:
    """The client's address, which counts for the limit on failed logins."""
    client = connection.scope["client"]
    headers = tuple(connection.scope["headers"])
    return client_ip(client[0] if client else None, headers, gateway_of(connection).trusted)


def _cookie(request: AnyRequest, value: str, max_age: int) -> Cookie:
    name = cookie_name(request)
    return Cookie(
        key=name,
        value=value,
        path="/",
        max_age=max_age,
        httponly=True,
        samesite="strict",
        secure=name == SECURE_COOKIE,
    )


def _is_https(connection: AnyConnection) -> bool:
    """The browser's connection is encrypted, to us or to a trusted proxy before us."""
    if connection.scope["scheme"] == "https":
        return True
    client = connection.scope.get("client")
    peer = ipaddress.ip_address(client[0]) if client else None
    by_proxy = any(peer in network for network in gateway_of(connection).trusted) if peer else False
    return by_proxy and connection.headers.get("x-forwarded-proto") == "https"


def _refuse_other_sites(connection: AnyConnection, *, says_so: bool) -> None:
    """Refuse what a page of another site makes a browser send. The Host header is compared, not the scheme: behind a
    proxy we do not know it, and a browser that sends no Sec-Fetch-Site is on plain HTTP anyway.

    :param says_so: refuse as well what does not say where it comes from; for cookies, which browsers add unasked.
    """
    if connection.scope.get("method") in _SAFE_METHODS:
        return
    headers = connection.headers
    site = headers.get("sec-fetch-site")
    if site is not None:
        allowed = site in ("same-origin", "none")
    elif (origin := headers.get("origin")) is not None:
        allowed = urlsplit(origin).netloc == headers.get("host", "") != ""
    else:
        allowed = not says_so
    if not allowed:
        raise Forbidden("This request comes from another site.")
