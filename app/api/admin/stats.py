"""Statistics: counts, tokens, durations."""

from typing import Annotated

from litestar import get
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.log_filter import provide_log_filter
from app.api.admin.schemas.stat import Stats
from app.repositories.log_filters import LogFilter
from app.repositories.stats import Grouping
from app.services.stats import Interval, LogStats

GroupBy = Annotated[Grouping, QueryParameter(description="What to group the requests by.")]
BucketWidth = Annotated[
    Interval | None,
    QueryParameter(
        description="Width of the time buckets. By default minutes up to 3 hours, hours up to 14 days, days beyond."
    ),
]


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
