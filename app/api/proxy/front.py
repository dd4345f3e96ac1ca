"""The front door: proxy routes by their exact path, everything else to the rest of the application.

Litestar's stack (scope set-up, exception middleware, routing) costs as much as admission and routing of a request
together, and the pipeline answers all methods and errors of its routes itself.
"""

from typing import TYPE_CHECKING, Any

from app.api.proxy.pipeline import STATE_KEY
from app.protocols.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from litestar.types import ASGIApp


class FrontDoor:
    """ASGI: hands the proxied endpoints to the pipeline, as soon as there is one in `owner.state`."""

    def __init__(self, app: "ASGIApp", owner: Any) -> None:
        self._app = app
        self._state = owner.state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        endpoint = ENDPOINTS.get(scope["path"]) if scope["type"] == "http" else None
        pipeline = None if endpoint is None else self._state.get(STATE_KEY)
        if pipeline is None:
            await self._app(scope, receive, send)
        else:
            await pipeline.serve(endpoint, scope, receive, send)
