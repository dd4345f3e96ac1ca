"""The ASGI application: `create_app()`, for uvicorn's `--factory` and for the command line."""

import httpx
from litestar import Litestar

from app import config
from app.api.admin.model_paths import ModelPaths
from app.api.dashboard import Dashboard
from app.api.proxy.front import FrontDoor
from app.plugin import GatewayPlugin


def create_app(
    settings: config.Settings | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> Litestar:
    """
    :param settings: read from the environment and `.env` unless given.
    :param transport: reaches the upstreams, instead of our own.
    """
    app = Litestar(plugins=[GatewayPlugin(settings or config.load(), transport)])
    app.asgi_handler = FrontDoor(Dashboard(ModelPaths(app.asgi_handler)), app)
    return app
