"""API keys of our clients."""

from typing import Annotated, Literal

from litestar import Response, delete, get, patch, post
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.resource import ETAG, Active, IfMatch, PageNumber, PageSize, Search, tagged
from app.api.admin.schemas.api_key import (
    ApiKey,
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyPage,
    ApiKeyRotate,
    ApiKeyUpdate,
)
from app.api.admin.schemas.problem import problems
from app.common.secrets import Keyring
from app.domain.admin import Actor
from app.services.api_keys import ApiKeys

KeyId = Annotated[int, PathParameter(description="Number of the API key.")]
Sort = Annotated[
    Literal[
        "id",
        "-id",
        "name",
        "-name",
        "created_at",
        "-created_at",
        "updated_at",
        "-updated_at",
        "expires_at",
        "-expires_at",
    ],
    QueryParameter(description="Field to sort by; `-` for descending."),
]


async def provide_api_keys(
    db_session: NamedDependency[AsyncSession],
    actor: NamedDependency[Actor],
    keyring: NamedDependency[Keyring],
) -> ApiKeys:
    return ApiKeys(db_session, actor, keyring)


class ApiKeyController(Controller):
    path = "/api-keys"
    tags = ("API keys",)
    dependencies = {"api_keys": Provide(provide_api_keys)}  # noqa: RUF012  # as Litestar declares it

    @get(summary="List API keys")
    async def list_api_keys(
        self,
        api_keys: NamedDependency[ApiKeys],
        search: Search = None,
        is_active: Active = None,
        sort: Sort = "name",
        page: PageNumber = 1,
        page_size: PageSize = 20,
    ) -> ApiKeyPage:
        rows, total = await api_keys.page(
            search=search, is_active=is_active, sort=sort, page=page, page_size=page_size
        )
        return ApiKeyPage(items=[ApiKey.of(row) for row in rows], total=total, page=page, page_size=page_size)

    @post(
        summary="Make an API key",
        description="Its value is shown this once.",
        response_headers=ETAG,
    )
    async def create_api_key(
        self, api_keys: NamedDependency[ApiKeys], data: JSONBody[ApiKeyCreate]
    ) -> Response[ApiKeyCreated]:
        row, value = await api_keys.create(data)
        return tagged(ApiKeyCreated.made(row, value))

    @get("/{key_id:int}", summary="Read an API key", responses=problems(404), response_headers=ETAG)
    async def get_api_key(self, api_keys: NamedDependency[ApiKeys], key_id: KeyId) -> Response[ApiKey]:
        row = await api_keys.get(key_id)
        return tagged(ApiKey.of(row))

    @patch("/{key_id:int}", summary="Change an API key", responses=problems(404, 412), response_headers=ETAG)
    async def update_api_key(
        self,
        api_keys: NamedDependency[ApiKeys],
        key_id: KeyId,
        data: JSONBody[ApiKeyUpdate],
        if_match: IfMatch = None,
    ) -> Response[ApiKey]:
        row = await api_keys.update(key_id, data, if_match)
        return tagged(ApiKey.of(row))

    @post(
        "/{key_id:int}/disable",
        status_code=200,
        summary="Disable an API key",
        responses=problems(404, 412),
        response_headers=ETAG,
    )
    async def disable_api_key(
        self, api_keys: NamedDependency[ApiKeys], key_id: KeyId, if_match: IfMatch = None
    ) -> Response[ApiKey]:
        row = await api_keys.set_active(key_id, False, if_match)
        return tagged(ApiKey.of(row))

    @post(
        "/{key_id:int}/enable",
        status_code=200,
        summary="Enable an API key",
        responses=problems(404, 412),
        response_headers=ETAG,
    )
    async def enable_api_key(
        self, api_keys: NamedDependency[ApiKeys], key_id: KeyId, if_match: IfMatch = None
    ) -> Response[ApiKey]:
        row = await api_keys.set_active(key_id, True, if_match)
        return tagged(ApiKey.of(row))

    @post(
        "/{key_id:int}/rotate",
        status_code=200,
        summary="Give an API key a new value",
        description="It is shown this once. The old value goes on working for `overlap_seconds`.",
        responses=problems(404, 412),
        response_headers=ETAG,
    )
    async def rotate_api_key(
        self,
        api_keys: NamedDependency[ApiKeys],
        key_id: KeyId,
        data: JSONBody[ApiKeyRotate],
        if_match: IfMatch = None,
    ) -> Response[ApiKeyCreated]:
        row, value = await api_keys.rotate(key_id, data.overlap_seconds, if_match)
        return tagged(ApiKeyCreated.made(row, value))

    @delete("/{key_id:int}", summary="Remove an API key", responses=problems(404, 412))
    async def delete_api_key(
        self, api_keys: NamedDependency[ApiKeys], key_id: KeyId, if_match: IfMatch = None
    ) -> None:
        await api_keys.delete(key_id, if_match)
