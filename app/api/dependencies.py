"""What handlers of the admin API ask for by name: `db_session`, `actor`, `keyring`, `settings`."""

from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.di import Provide

from app.api.admin.auth import provide_actor
from app.api.state import gateway_of, services_of
from app.api.transaction import provide_db_session
from app.common.secrets import Keyring
from app.config import Settings

AnyRequest = Request[Any, Any, Any]


async def provide_keyring(request: AnyRequest) -> Keyring:
    return services_of(request).keyring


async def provide_settings(request: AnyRequest) -> Settings:
    return gateway_of(request).settings


DEPENDENCIES: Mapping[str, Provide] = {
    "db_session": Provide(provide_db_session),
    "actor": Provide(provide_actor),
    "keyring": Provide(provide_keyring),
    "settings": Provide(provide_settings),
}
