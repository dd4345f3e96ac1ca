"""GatewayPlugin puts routes, dependencies, error answers and start-up of the gateway into a Litestar application."""

from typing import Any

import httpx
from litestar.config.app import AppConfig
from litestar.events import BaseEventEmitterBackend
from litestar.plugins import InitPlugin

from app import __version__, lifespan
from app.api import errors, health, openapi
from app.api.admin.router import admin_router
from app.api.dependencies import DEPENDENCIES
from app.api.proxy.router import ROUTES as PROXY_ROUTES
from app.api.state import Gateway
from app.config import Settings


class GatewayPlugin(InitPlugin):
    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.settings = settings
        self.transport = transport

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        app_config.state["gateway"] = Gateway(self.settings, transport=self.transport)
        app_config.route_handlers.extend((*PROXY_ROUTES, admin_router(), *health.ROUTES))
        app_config.dependencies.update(DEPENDENCIES)
        app_config.exception_handlers.update(errors.EXCEPTION_HANDLERS)
        app_config.lifespan.append(lifespan.run)
        app_config.openapi_config = openapi.openapi_config(self.settings.app_name, __version__)
        app_config.logging_config = None  # ours is `common/logs.py`
        app_config.debug = False
        app_config.event_emitter_backend = NoEvents
        return app_config


class NoEvents(BaseEventEmitterBackend):
    """We have no events. Litestar's emitter runs a task group, which would wrap an error of the start in another."""

    def emit(self, event_id: str, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError

    async def __aexit__(self, *_: object) -> None:
        return None
