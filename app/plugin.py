"""GatewayPlugin puts routes, dependencies and error answers of the gateway into a Litestar application."""

from litestar.config.app import AppConfig
from litestar.datastructures import State as LitestarState
from litestar.plugins import InitPlugin

from app import __version__
from app.api import errors, health, openapi
from app.api.admin.router import admin_router
from app.api.dependencies import DEPENDENCIES
from app.api.proxy.router import ROUTES as PROXY_ROUTES
from app.api.state import State


class GatewayPlugin(InitPlugin):
    """:param state: the application's, which the routes share."""

    def __init__(self, state: State) -> None:
        self.state = state

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        app_config.state = LitestarState(self.state, deep_copy=False)
        app_config.route_handlers.extend((*PROXY_ROUTES, admin_router(), *health.ROUTES))
        app_config.dependencies.update(DEPENDENCIES)
        app_config.exception_handlers.update(errors.EXCEPTION_HANDLERS)
        app_config.openapi_config = openapi.openapi_config(self.state.gateway.settings.app_name, __version__)
        app_config.logging_config = None  # ours is `common/logs.py`
        app_config.debug = False
        return app_config
