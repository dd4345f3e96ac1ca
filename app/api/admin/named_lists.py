"""Named lists, by name."""

from typing import Annotated, Literal

from litestar import Response, delete, get, patch, post
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.resource import ETAG, IfMatch, PageNumber, PageSize, Search, tagged
from app.api.admin.schemas.named_list import (
    NamedList,
    NamedListChange,
    NamedListCreate,
    NamedListHead,
    NamedListPage,
    NamedListUpdate,
)
from app.api.admin.schemas.problem import problems
from app.domain.admin import Actor
from app.services.named_lists import NamedLists, warnings

ListPath = Annotated[str, PathParameter(description="Name of the list, without `$`.")]
Sort = Annotated[
    Literal["id", "-id", "name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"],
    QueryParameter(description="Field to sort by; `-` for descending."),
]


async def provide_lists(
    db_session: NamedDependency[AsyncSession], actor: NamedDependency[Actor]
) -> NamedLists:
    return NamedLists(db_session, actor)


class NamedListController(Controller):
    path = "/lists"
    tags = ("Rules",)
    dependencies = {"lists": Provide(provide_lists)}  # noqa: RUF012  # as Litestar declares it

    @get(summary="List the named lists")
    async def list_named_lists(
        self,
        lists: NamedDependency[NamedLists],
        search: Search = None,
        sort: Sort = "name",
        page: PageNumber = 1,
        page_size: PageSize = 20,
    ) -> NamedListPage:
        stored, total = await lists.page(search=search, sort=sort, page=page, page_size=page_size)
        items = [NamedListHead.of_row(row, users) for row, users in stored]
        return NamedListPage(items=items, total=total, page=page, page_size=page_size)

    @post(summary="Add a named list", responses=problems(409), response_headers=ETAG)
    async def create_named_list(
        self, lists: NamedDependency[NamedLists], data: JSONBody[NamedListCreate]
    ) -> Response[NamedList]:
        stored = await lists.create(data)
        return tagged(NamedList.of(stored, await warnings(stored)))

    @get("/{name:str}", summary="Read a named list", responses=problems(404), response_headers=ETAG)
    async def get_named_list(self, lists: NamedDependency[NamedLists], name: ListPath) -> Response[NamedList]:
        stored = await lists.get(name)
        return tagged(NamedList.of(stored, await warnings(stored)))

    @patch(
        "/{name:str}", summary="Change a named list", responses=problems(404, 409, 412), response_headers=ETAG
    )
    async def update_named_list(
        self,
        lists: NamedDependency[NamedLists],
        name: ListPath,
        data: JSONBody[NamedListUpdate],
        if_match: IfMatch = None,
    ) -> Response[NamedList]:
        stored = await lists.update(name, data, if_match)
        return tagged(NamedList.of(stored, await warnings(stored)))

    @post(
        "/{name:str}/entries",
        summary="Add and remove entries of a named list",
        description="For lists too large to be sent whole. Entries that are there already, or not, don't matter.",
        status_code=200,
        responses=problems(404, 412),
        response_headers=ETAG,
    )
    async def change_named_list_entries(
        self,
        lists: NamedDependency[NamedLists],
        name: ListPath,
        data: JSONBody[NamedListChange],
        if_match: IfMatch = None,
    ) -> Response[NamedListHead]:
        stored = await lists.change_entries(name, add=data.add, remove=data.remove, if_match=if_match)
        return tagged(NamedListHead.of_stored(stored))

    @delete("/{name:str}", summary="Remove a named list", responses=problems(404, 409, 412))
    async def delete_named_list(
        self, lists: NamedDependency[NamedLists], name: ListPath, if_match: IfMatch = None
    ) -> None:
        await lists.delete(name, if_match)
