"""Providers: stored vendor accounts."""

from typing import Annotated, Literal

from litestar import Response, delete, get, patch, post
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.resource import ETAG, Active, IfMatch, PageNumber, PageSize, Search, tagged
from app.api.admin.schemas.problem import problems
from app.api.admin.schemas.provider import Provider, ProviderCreate, ProviderPage, ProviderUpdate
from app.api.admin.schemas.provider_impact import ProviderImpact
from app.common.secrets import Keyring
from app.domain.admin import Actor
from app.services.provider_impact import ProviderImpacts
from app.services.providers import Providers

ProviderId = Annotated[int, PathParameter(description="Number of the provider.")]
Sort = Annotated[
    Literal["id", "-id", "name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"],
    QueryParameter(description="Field to sort by; `-` for descending."),
]


async def provide_providers(
    db_session: NamedDependency[AsyncSession],
    actor: NamedDependency[Actor],
    keyring: NamedDependency[Keyring],
) -> Providers:
    return Providers(db_session, actor, keyring)


async def provide_impacts(db_session: NamedDependency[AsyncSession]) -> ProviderImpacts:
    return ProviderImpacts(db_session)


class ProviderController(Controller):
    path = "/providers"
    tags = ("Providers",)
    dependencies = {  # noqa: RUF012  # as Litestar declares it
        "providers": Provide(provide_providers),
        "impacts": Provide(provide_impacts),
    }

    @get(summary="List providers")
    async def list_providers(
        self,
        providers: NamedDependency[Providers],
        search: Search = None,
        is_active: Active = None,
        sort: Sort = "name",
        page: PageNumber = 1,
        page_size: PageSize = 20,
    ) -> ProviderPage:
        rows, total = await providers.page(
            search=search, is_active=is_active, sort=sort, page=page, page_size=page_size
        )
        return ProviderPage(
            items=[Provider.of(row) for row in rows], total=total, page=page, page_size=page_size
        )

    @post(summary="Add a provider", responses=problems(409), response_headers=ETAG)
    async def create_provider(
        self, providers: NamedDependency[Providers], data: JSONBody[ProviderCreate]
    ) -> Response[Provider]:
        row = await providers.create(data)
        return tagged(Provider.of(row))

    @get("/{provider_id:int}", summary="Read a provider", responses=problems(404), response_headers=ETAG)
    async def get_provider(
        self, providers: NamedDependency[Providers], provider_id: ProviderId
    ) -> Response[Provider]:
        row = await providers.get(provider_id)
        return tagged(Provider.of(row))

    @patch(
        "/{provider_id:int}",
        summary="Change a provider",
        responses=problems(404, 409, 412),
        response_headers=ETAG,
    )
    async def update_provider(
        self,
        providers: NamedDependency[Providers],
        provider_id: ProviderId,
        data: JSONBody[ProviderUpdate],
        if_match: IfMatch = None,
    ) -> Response[Provider]:
        row = await providers.update(provider_id, data, if_match)
        return tagged(Provider.of(row))

    @delete(
        "/{provider_id:int}",
        summary="Remove a provider",
        description="Refused with `provider_in_use` while a model has a target at it.",
        responses=problems(404, 409, 412),
    )
    async def delete_provider(
        self, providers: NamedDependency[Providers], provider_id: ProviderId, if_match: IfMatch = None
    ) -> None:
        await providers.delete(provider_id, if_match)

    @get(
        "/{provider_id:int}/impact",
        summary="What would be lost without a provider",
        description="By the decisions stored with the requests of the last 24 hours: how many of them no other "
        "provider would have taken.",
        responses=problems(404),
    )
    async def get_provider_impact(
        self, impacts: NamedDependency[ProviderImpacts], provider_id: ProviderId
    ) -> ProviderImpact:
        return ProviderImpact.of(await impacts.of(provider_id))
