"""The log: which requests came, where they went, how they ended."""

from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.log_filter import provide_log_filter
from app.api.admin.resource import PageSize
from app.api.admin.schemas.log import LogDetail, LogPage
from app.api.admin.schemas.problem import problems
from app.repositories.log_filters import LogFilter
from app.repositories.request_logs import Sort
from app.services.request_logs import RequestLogs

Order = Annotated[Sort, QueryParameter(description="Field to sort by; `-` for descending.")]
Cursor = Annotated[
    str | None,
    QueryParameter(
        max_length=512,
        description="`next_cursor` of the page before, with the same filters and order as there.",
    ),
]
RequestId = Annotated[UUID, PathParameter(description="Id of the request, as in the header `x-request-id`.")]


async def provide_logs(db_session: NamedDependency[AsyncSession]) -> RequestLogs:
    return RequestLogs(db_session)


class LogController(Controller):
    path = "/logs"
    tags = ("Logs",)
    dependencies = {  # noqa: RUF012  # as Litestar declares it
        "logs": Provide(provide_logs),
        "log_filter": Provide(provide_log_filter),
    }

    @get(summary="List log records", description="Newest first. All filters given have to match.")
    async def list_logs(
        self,
        logs: NamedDependency[RequestLogs],
        log_filter: NamedDependency[LogFilter],
        sort: Order = "-request_time",
        cursor: Cursor = None,
        page_size: PageSize = 50,
    ) -> LogPage:
        return LogPage.of(await logs.page(log_filter, sort, cursor, page_size))

    @get("/{request_id:uuid}", summary="Read a log record", responses=problems(404))
    async def get_log(self, logs: NamedDependency[RequestLogs], request_id: RequestId) -> LogDetail:
        return LogDetail.whole(*await logs.one(str(request_id)))
