"""The front door: short-cuts for exactly the proxied endpoints, and only once there is a pipeline."""

from typing import Any

from litestar import Litestar

from app.api.proxy.front import FrontDoor
from app.api.proxy.pipeline import STATE_KEY
from app.api.proxy.router import ROUTES
from app.protocols.endpoints import ENDPOINTS, Endpoint


class Pipeline:
    """Notes which endpoint was asked."""

    def __init__(self) -> None:
        self.served: list[Endpoint] = []

    async def serve(self, endpoint: Endpoint, *_: Any) -> None:
        self.served.append(endpoint)


async def ask(door: FrontDoor, app: Litestar, path: str, kind: str = "http") -> None:
    async def nothing(*_: Any) -> Any:
        return None

    await door({"type": kind, "path": path, "litestar_app": app}, nothing, nothing)  # type: ignore[typeddict-item,misc,arg-type]  # the part of a scope that is read


async def test_each_endpoint_reaches_its_own_handler_and_all_else_goes_on() -> None:
    app = Litestar(list(ROUTES), openapi_config=None, logging_config=None)
    pipeline = Pipeline()
    others: list[str] = []

    async def rest(scope: Any, _receive: Any, _send: Any) -> None:
        others.append(scope["path"])

    door = FrontDoor(rest, app)
    await ask(door, app, "/v1/messages")
    assert others == ["/v1/messages"], "no pipeline yet: Litestar answers that we are starting"
    app.state[STATE_KEY] = pipeline
    for path in ENDPOINTS:
        await ask(door, app, path)
    assert pipeline.served == list(ENDPOINTS.values())
    for path in ("/v1/models", "/v1/messages/", "/", "/api/admin/models"):
        await ask(door, app, path)
    await ask(door, app, "/v1/messages", kind="websocket")
    assert others[1:] == ["/v1/models", "/v1/messages/", "/", "/api/admin/models", "/v1/messages"]
