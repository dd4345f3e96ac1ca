"""Revisions: who changed what of the configuration, and when."""

from typing import Annotated

from litestar import get, post
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.resource import PageNumber, PageSize
from app.api.admin.schemas.problem import problems
from app.api.admin.schemas.revert import Reverted
from app.api.admin.schemas.revision import Revision, RevisionPage
from app.common.secrets import Keyring
from app.domain.admin import Actor
from app.services.reverts import Reverts
from app.services.revisions import Revisions

Resource = Annotated[
    str | None, QueryParameter(max_length=32, description="Kind of resource, e.g. `provider`.")
]
ResourceId = Annotated[int | None, QueryParameter(ge=1, le=2**53 - 1, description="Number of the resource.")]
RevisionId = Annotated[int, PathParameter(ge=1, le=2**53 - 1, description="Number of the revision.")]
ResourceName = Annotated[str | None, QueryParameter(max_length=200, description="Name of the resource then.")]


async def provide_revisions(db_session: NamedDependency[AsyncSession]) -> Revisions:
    return Revisions(db_session)


async def provide_reverts(
    db_session: NamedDependency[AsyncSession],
    actor: NamedDependency[Actor],
    keyring: NamedDependency[Keyring],
) -> Reverts:
    return Reverts(db_session, actor, keyring)


class RevisionController(Controller):
    path = "/revisions"
    tags = ("Revisions",)
    dependencies = {  # noqa: RUF012  # as Litestar declares it
        "revisions": Provide(provide_revisions),
        "reverts": Provide(provide_reverts),
    }

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

    @post(
        "/{revision_id:int}/revert",
        status_code=200,
        summary="Undo a revision",
        description=(
            "By the same checks and tests as any change, and as a new revision. What was deleted comes back with new"
            " numbers. 409 says why it can't be: `changed_since` names each later change in the way, `secret_lost` a"
            " secret that is not kept, `not_revertible` what is never undone, `revert_refused` what the checks of the"
            " resource say."
        ),
        responses=problems(404, 409),
    )
    async def revert_revision(self, reverts: NamedDependency[Reverts], revision_id: RevisionId) -> Reverted:
        return Reverted.of(await reverts.revert(revision_id))
