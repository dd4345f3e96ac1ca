"""Models: the public names clients ask for. Their paths hold names; see `model_paths.py`."""

from typing import Annotated, Literal
from urllib.parse import unquote

from litestar import Response, delete, get, patch, post
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.resource import ETAG, Active, IfMatch, PageNumber, PageSize, Search, tagged
from app.api.admin.schemas.model import Model, ModelCreate, ModelPage, ModelUpdate
from app.api.admin.schemas.problem import problems
from app.domain.admin import Actor
from app.services.models import Models

ModelPath = Annotated[str, PathParameter(description="Name of the model; `/` in it as `%2F`.")]
Sort = Annotated[
    Literal["id", "-id", "name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"],
    QueryParameter(description="Field to sort by; `-` for descending."),
]


async def provide_models(db_session: NamedDependency[AsyncSession], actor: NamedDependency[Actor]) -> Models:
    return Models(db_session, actor)


class ModelController(Controller):
    path = "/models"
    tags = ("Models",)
    dependencies = {"models": Provide(provide_models)}  # noqa: RUF012  # as Litestar declares it

    @get(summary="List models")
    async def list_models(
        self,
        models: NamedDependency[Models],
        search: Search = None,
        is_active: Active = None,
        sort: Sort = "name",
        page: PageNumber = 1,
        page_size: PageSize = 20,
    ) -> ModelPage:
        stored, total = await models.page(
            search=search, is_active=is_active, sort=sort, page=page, page_size=page_size
        )
        return ModelPage(
            items=[Model.of(model) for model in stored], total=total, page=page, page_size=page_size
        )

    @post(summary="Add a model", responses=problems(409), response_headers=ETAG)
    async def create_model(
        self, models: NamedDependency[Models], data: JSONBody[ModelCreate]
    ) -> Response[Model]:
        stored = await models.create(data)
        return tagged(Model.of(stored))

    @get("/{model:str}", summary="Read a model", responses=problems(404), response_headers=ETAG)
    async def get_model(self, models: NamedDependency[Models], model: ModelPath) -> Response[Model]:
        stored = await models.get(unquote(model))
        return tagged(Model.of(stored))

    @patch("/{model:str}", summary="Change a model", responses=problems(404, 409, 412), response_headers=ETAG)
    async def update_model(
        self,
        models: NamedDependency[Models],
        model: ModelPath,
        data: JSONBody[ModelUpdate],
        if_match: IfMatch = None,
    ) -> Response[Model]:
        stored = await models.update(unquote(model), data, if_match)
        return tagged(Model.of(stored))

    @delete("/{model:str}", summary="Remove a model and its targets", responses=problems(404, 412))
    async def delete_model(
        self, models: NamedDependency[Models], model: ModelPath, if_match: IfMatch = None
    ) -> None:
        await models.delete(unquote(model), if_match)
