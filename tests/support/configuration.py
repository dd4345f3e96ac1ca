"""Configuration for tests, made through the services the admin API uses."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.api_key import ApiKeyCreate
from app.api.admin.schemas.model import ModelCreate
from app.api.admin.schemas.provider import ProviderCreate
from app.api.admin.schemas.target import TargetCreate
from app.common.secrets import Keyring
from app.db.tables.api_key import ApiKeyRow
from app.db.tables.provider import ProviderRow
from app.domain.admin import Actor, ActorKind
from app.domain.provider import Protocol
from app.services.api_keys import ApiKeys
from app.services.models import Models, StoredModel
from app.services.providers import Providers

ACTOR = Actor(ActorKind.COMMAND, "test")
CREDENTIAL = "sk-credential-0123456789"


class Configuration:
    """Makes resources in one transaction."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self.providers = Providers(session, ACTOR, keyring)
        self.models = Models(session, ACTOR)
        self.api_keys = ApiKeys(session, ACTOR, keyring)

    async def provider(self, name: str = "openai", **fields: Any) -> ProviderRow:
        wanted = {
            "protocol": Protocol.OPENAI,
            "base_url": "https://api.example.com/v1",
            "credential": CREDENTIAL,
        }
        return await self.providers.create(ProviderCreate(name=name, **{**wanted, **fields}))

    async def model(self, name: str, *providers: ProviderRow, **fields: Any) -> StoredModel:
        """A model with one target per provider, which has the provider's name for its target model."""
        targets = [
            TargetCreate(provider_id=provider.id, target_model=provider.name) for provider in providers
        ]
        return await self.models.create(ModelCreate(name=name, targets=targets, **fields))

    async def api_key(self, name: str = "key", **fields: Any) -> tuple[ApiKeyRow, str]:
        return await self.api_keys.create(ApiKeyCreate(name=name, **fields))
