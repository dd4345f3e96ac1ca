"""Facets of the log."""

from litestar import get
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.log_filter import provide_log_filter
from app.api.admin.schemas.log_facet import LogFacets
from app.repositories.log_filters import LogFilter
from app.services import log_facets


async def provide_facets(db_session: NamedDependency[AsyncSession]) -> log_facets.LogFacets:
    return log_facets.LogFacets(db_session)


class LogFacetController(Controller):
    path = "/logs/facets"
    tags = ("Logs",)
    dependencies = {  # noqa: RUF012  # as Litestar declares it
        "facets": Provide(provide_facets),
        "log_filter": Provide(provide_log_filter),
    }

    @get(
        summary="Count frequent values among log records",
        description="Over the newest 50,000 records that match all filters given.",
    )
    async def get_log_facets(
        self, facets: NamedDependency[log_facets.LogFacets], log_filter: NamedDependency[LogFilter]
    ) -> LogFacets:
        return LogFacets.of(await facets.facets(log_filter))
