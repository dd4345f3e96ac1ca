"""The state of the gateway and the settings in force."""

import asyncio
import time
from datetime import UTC, datetime

import msgspec
from litestar import get
from litestar.controller import Controller

from app import __version__
from app.api.admin.auth import AnyRequest
from app.api.admin.schemas import system as schemas
from app.api.state import Gateway, Services, gateway_of, services_of
from app.services.system import effective


class SystemController(Controller):
    path = "/system"
    tags = ("System",)

    @get(summary="State of the gateway and settings in force")
    async def get_system(self, request: AnyRequest) -> schemas.System:
        settings = await asyncio.to_thread(effective, gateway_of(request).settings)
        shown = [
            msgspec.convert(setting, schemas.SystemSetting, from_attributes=True) for setting in settings
        ]
        gateway = gateway_of(request)
        return _shape(gateway, services_of(request), await gateway.figures(), shown)


def _shape(
    gateway: Gateway,
    services: Services,
    over_all: dict[str, float],
    settings: list[schemas.SystemSetting],
) -> schemas.System:
    snapshot, figures = services.snapshot, services.log_writer.figures
    return schemas.System(
        name=gateway.settings.app_name,
        version=__version__,
        started_at=datetime.fromtimestamp(gateway.started_at, UTC),
        uptime_seconds=int(time.time() - gateway.started_at),
        database=schemas.DatabaseKind.SQLITE
        if services.database.is_sqlite
        else schemas.DatabaseKind.POSTGRESQL,
        configuration=schemas.ConfigurationState(
            revision=snapshot.current.revision,
            fresh=snapshot.fresh,
            models=len(snapshot.current.routes),
            api_keys=len(snapshot.current.keys),
            problems=snapshot.problems,
        ),
        log=schemas.LogState(
            queued=int(over_all["log_queue"]),
            written=int(over_all["log_written"]),
            dropped=int(over_all["log_dropped"]),
            bodies_dropped=int(over_all["log_bodies_dropped"]),
            failing=bool(over_all["log_failing"]),
            last_error=figures.last_error,
            last_write_at=datetime.fromtimestamp(figures.last_write, UTC) if figures.last_write else None,
        ),
        settings=settings,
    )
