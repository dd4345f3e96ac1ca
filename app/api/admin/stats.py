"""Statistics: counts, tokens, durations."""

from typing import Annotated

from litestar import get
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.auth import AnyRequest
from app.api.admin.log_filter import provide_log_filter
from app.api.admin.schemas.overview import Overview
from app.api.admin.schemas.stat import Stats
from app.api.state import services_of
from app.repositories.log_filters import LogFilter
from app.repositories.stats import Grouping
from app.services.overview import Range
from app.services.stats import Interval, LogStats

GroupBy = Annotated[Grouping, QueryParameter(description="What to group the requests by.")]
BucketWidth = Annotated[
    Interval | None,
    QueryParameter(
        description="Width of the time buckets. By default minutes up to 3 hours, hours up to 14 days, days beyond."
    ),
]


OverviewRange = Annotated[Range, QueryParameter(description="How far back: an hour, a day or a week.")]


async def provide_stats(db_session: NamedDependency[AsyncSession]) -> LogStats:
    return LogStats(db_session)


class StatController(Controller):
    path = "/stats"
    tags = ("Logs",)
    dependencies = {  # noqa: RUF012  # as Litestar declares it
        "stats": Provide(provide_stats),
        "log_filter": Provide(provide_log_filter),
    }

    @get(
        summary="Statistics over log records",
        description="Over the last 24 hours unless the filters name a time. All filters given have to match.",
    )
    async def get_stats(
        self,
        stats: NamedDependency[LogStats],
        log_filter: NamedDependency[LogFilter],
        group_by: GroupBy = "model",
        interval: BucketWidth = None,
    ) -> Stats:
        return Stats.of(await stats.stats(log_filter, group_by, interval), group_by)

    @get(
        "/overview",
        summary="The last hour, day or week at a glance",
        description="Everything the dashboard's first page shows of the log, found out at most every two seconds.",
    )
    async def get_overview(self, request: AnyRequest, range: OverviewRange = "24h") -> Overview:
        return Overview.of(await services_of(request).overviews.overview(range))
