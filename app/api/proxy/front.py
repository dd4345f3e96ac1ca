"""The front door: proxy routes by their exact path, everything else to Litestar's router.

Litestar's stack (scope set-up, exception middleware, routing) costs as much as admission and routing of a request
together, and the pipeline answers all methods and errors of its routes itself.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.routes import ASGIRoute
from litestar.types import ASGIApp, Receive, Scope, Send

from app.api.proxy.pipeline import STATE_KEY
from app.protocols.endpoints import ENDPOINTS

Handler = Callable[[Scope, Receive, Send], Awaitable[Any]]


class FrontDoor:
    """ASGI: calls the handlers Litestar has registered for the proxied endpoints, as soon as there is a pipeline."""

    def __init__(self, app: ASGIApp, litestar: Litestar) -> None:
        self._app = app
        self._state = litestar.state
        self._handlers: dict[str, Handler] = {
            route.path: route.route_handler.fn
            for route in litestar.routes
            if isinstance(route, ASGIRoute) and route.path in ENDPOINTS
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get(scope["path"]) if scope["type"] == ScopeType.HTTP else None
        if handler is None or STATE_KEY not in self._state:
            await self._app(scope, receive, send)
        else:
            await handler(scope, receive, send)
