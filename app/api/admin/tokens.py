"""Tokens for the admin API."""

from typing import Annotated

from litestar import delete, get, post
from litestar.controller import Controller
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.auth import AnyRequest
from app.api.admin.schemas import auth as schemas
from app.api.admin.schemas.problem import problems
from app.api.state import services_of
from app.db.tables.admin_token import AdminToken
from app.domain.admin import Actor
from app.services.admin_tokens import AdminTokens


class TokenController(Controller):
    path = "/tokens"
    tags = ("Authentication",)

    @get(summary="List admin tokens")
    async def list_tokens(
        self,
        request: AnyRequest,
        db_session: NamedDependency[AsyncSession],
        actor: NamedDependency[Actor],
        page: Annotated[
            int, QueryParameter(ge=1, le=1_000_000, description="Number of the page, from 1.")
        ] = 1,
        page_size: Annotated[int, QueryParameter(ge=1, le=200, description="Most items of the page.")] = 20,
    ) -> schemas.AdminTokenPage:
        rows, total = await _tokens(request, db_session, actor).page(page, page_size)
        return schemas.AdminTokenPage([_shape(row) for row in rows], total, page, page_size)

    @post(summary="Make an admin token", description="Its value is shown this once.", responses=problems(409))
    async def create_token(
        self,
        request: AnyRequest,
        db_session: NamedDependency[AsyncSession],
        actor: NamedDependency[Actor],
        data: JSONBody[schemas.AdminTokenCreate],
    ) -> schemas.AdminTokenCreated:
        row, value = await _tokens(request, db_session, actor).create(data.name, data.expires_at)
        shown = _shape(row)
        return schemas.AdminTokenCreated(
            id=shown.id,
            name=shown.name,
            hint=shown.hint,
            created_at=shown.created_at,
            expires_at=shown.expires_at,
            token=value,
        )

    @delete("/{token_id:int}", summary="Remove an admin token", responses=problems(404))
    async def delete_token(
        self,
        request: AnyRequest,
        db_session: NamedDependency[AsyncSession],
        actor: NamedDependency[Actor],
        token_id: Annotated[int, PathParameter(ge=1, le=2**63 - 1, description="Number of the token.")],
    ) -> None:
        await _tokens(request, db_session, actor).remove(token_id)


def _tokens(request: AnyRequest, session: AsyncSession, actor: Actor) -> AdminTokens:
    return AdminTokens(session, actor, services_of(request).keyring)


def _shape(row: AdminToken) -> schemas.AdminToken:
    return schemas.AdminToken(row.id, row.name or "", row.hint, row.created_at, row.expires_at)
