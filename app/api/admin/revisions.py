"""Revisions: who changed what of the configuration, and when."""

from typing import Annotated

from litestar import get
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.resource import PageNumber, PageSize
from app.api.admin.schemas.revision import Revision, RevisionPage
from app.services.revisions import Revisions

Resource = Annotated[
    str | None, QueryParameter(max_length=32, description="Kind of resource, e.g. `provider`.")
]
ResourceId = Annotated[int | None, QueryParameter(ge=1, le=2**53 - 1, description="Number of the resource.")]
ResourceName = Annotated[str | None, QueryParameter(max_length=200, description="Name of the resource then.")]


async def provide_revisions(db_session: NamedDependency[AsyncSession]) -> Revisions:
    return Revisions(db_session)


class RevisionController(Controller):
    path = "/revisions"
    tags = ("Revisions",)
    dependencies = {"revisions": Provide(provide_revisions)}  # noqa: RUF012  # as Litestar declares it

    @get(summary="List revisions, newest first")
    async def list_revisions(
        self,
        revisions: NamedDependency[Revisions],
        resource: Resource = None,
        resource_id: ResourceId = None,
        resource_name: ResourceName = None,
        page: PageNumber = 1,
        page_size: PageSize = 20,
    ) -> RevisionPage:
        rows, total = await revisions.page(
            resource=resource, resource_id=resource_id, name=resource_name, page=page, page_size=page_size
        )
        return RevisionPage(
            items=[Revision.of(row) for row in rows], total=total, page=page, page_size=page_size
        )
