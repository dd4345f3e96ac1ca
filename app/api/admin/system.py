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
        return _shape(gateway_of(request), services_of(request), shown)


def _shape(gateway: Gateway, services: Services, settings: list[schemas.SystemSetting]) -> schemas.System:
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
            queued=figures.queued,
            written=figures.written,
            dropped=figures.dropped,
            bodies_dropped=figures.bodies_dropped,
            failing=figures.failing,
            last_error=figures.last_error,
            last_write_at=datetime.fromtimestamp(figures.last_write, UTC) if figures.last_write else None,
        ),
        settings=settings,
    )
