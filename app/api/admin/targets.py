"""Targets: the providers under a model."""

from typing import Annotated
from urllib.parse import unquote

from litestar import Response, delete, get, patch, post, put
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.models import ModelPath
from app.api.admin.resource import ETAG, IfMatch, tagged
from app.api.admin.schemas.problem import problems
from app.api.admin.schemas.target import Target, TargetCreate, TargetList, TargetOrder, TargetUpdate
from app.domain.admin import Actor
from app.services.targets import Targets

TargetId = Annotated[int, PathParameter(description="Number of the target.")]


async def provide_targets(
    db_session: NamedDependency[AsyncSession], actor: NamedDependency[Actor]
) -> Targets:
    return Targets(db_session, actor)


class TargetController(Controller):
    path = "/models/{model:str}/targets"
    tags = ("Models",)
    dependencies = {"targets": Provide(provide_targets)}  # noqa: RUF012  # as Litestar declares it

    @get(summary="List the targets of a model", responses=problems(404))
    async def list_targets(self, targets: NamedDependency[Targets], model: ModelPath) -> TargetList:
        stored = await targets.of_model(unquote(model))
        return TargetList.of(stored)

    @post(summary="Add a target after the others", responses=problems(404), response_headers=ETAG)
    async def create_target(
        self, targets: NamedDependency[Targets], model: ModelPath, data: JSONBody[TargetCreate]
    ) -> Response[Target]:
        stored = await targets.add(unquote(model), data)
        return tagged(Target.of(stored))

    @put("/order", summary="Put the targets of a model in order", responses=problems(404))
    async def reorder_targets(
        self, targets: NamedDependency[Targets], model: ModelPath, data: JSONBody[TargetOrder]
    ) -> TargetList:
        stored = await targets.reorder(unquote(model), data.target_ids)
        return TargetList.of(stored)

    @get("/{target_id:int}", summary="Read a target", responses=problems(404), response_headers=ETAG)
    async def get_target(
        self, targets: NamedDependency[Targets], model: ModelPath, target_id: TargetId
    ) -> Response[Target]:
        stored = await targets.get(unquote(model), target_id)
        return tagged(Target.of(stored))

    @patch("/{target_id:int}", summary="Change a target", responses=problems(404, 412), response_headers=ETAG)
    async def update_target(
        self,
        targets: NamedDependency[Targets],
        model: ModelPath,
        target_id: TargetId,
        data: JSONBody[TargetUpdate],
        if_match: IfMatch = None,
    ) -> Response[Target]:
        stored = await targets.update(unquote(model), target_id, data, if_match)
        return tagged(Target.of(stored))

    @delete("/{target_id:int}", summary="Remove a target", responses=problems(404, 412))
    async def delete_target(
        self,
        targets: NamedDependency[Targets],
        model: ModelPath,
        target_id: TargetId,
        if_match: IfMatch = None,
    ) -> None:
        await targets.remove(unquote(model), target_id, if_match)
