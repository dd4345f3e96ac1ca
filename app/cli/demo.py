"""`serve --demo`: a pretend provider in this process, and models and an API key to try it with.

It keeps to a database of its own unless DATABASE_URL is set. Starting again changes nothing that is there, except the
address of the pretend provider and the value of the key, which are new each time.
"""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.api_key import ApiKeyCreate
from app.api.admin.schemas.model import ModelCreate
from app.api.admin.schemas.provider import ProviderCreate, ProviderUpdate
from app.api.admin.schemas.target import TargetCreate
from app.cli.database import opened
from app.common.secrets import Keyring
from app.config import Settings
from app.domain.admin import Actor, ActorKind
from app.domain.model import Strategy
from app.domain.provider import Protocol
from app.mock.asgi import MockUpstream
from app.mock.server import running
from app.repositories.models import ModelRepository
from app.repositories.providers import ProviderRepository
from app.services.api_keys import ApiKeys
from app.services.models import Models
from app.services.providers import Providers

OWN_FILES: Final = {
    "database_url": "sqlite+aiosqlite:///./llm_gateway_demo.db",
    "encryption_key_file": "llm_gateway_demo.key",
}
PACE: Final = 0.02
"""Seconds between two words of a stream, so that it can be seen to be one."""
KEY_NAME: Final = "demo"
PROVIDERS: Final = {"demo-openai": Protocol.OPENAI, "demo-anthropic": Protocol.ANTHROPIC}
_ACTOR: Final = Actor(ActorKind.COMMAND, "serve --demo")


class _Choice(msgspec.Struct, frozen=True):
    """A target: which provider, which of its models, for whom."""

    provider: str
    target_model: str
    rule: str = ""


MODELS: Final = {
    "demo": (
        _Choice("demo-openai", "mock-large", 'headers.x-priority == "high"'),
        _Choice("demo-openai", "mock-small"),
    ),
    "demo-claude": (_Choice("demo-anthropic", "mock-small"),),
    "demo-failover": (_Choice("demo-openai", "mock-429"), _Choice("demo-openai", "mock-small")),
}
"""Tried from left to right."""


class Example(msgspec.Struct, frozen=True):
    """What to try first."""

    api_key: str

    def lines(self, url: str) -> list[str]:
        body = '{"model":"demo","messages":[{"role":"user","content":"Hello"}]}'
        headers = f"-H 'authorization: Bearer {self.api_key}' -H 'content-type: application/json'"
        return [
            "Demo: a pretend provider answers for the models " + ", ".join(MODELS) + ". Try",
            "",
            f"  curl {url}/v1/chat/completions {headers} -d '{body}'",
            "",
            "With -H 'x-priority: high' a rule lets mock-large answer; demo-failover meets a 429 first.",
            "",
        ]


def own_files(settings: Settings) -> dict[str, str]:
    """Settings to use instead, where nobody has given others."""
    defaults = Settings()
    return {
        name: file for name, file in OWN_FILES.items() if getattr(settings, name) == getattr(defaults, name)
    }


@contextmanager
def prepared(settings: Settings) -> Iterator[tuple[Settings, Example]]:
    """Run the pretend provider for the length of the block, and have all in place to reach it.

    Yields the settings to use, and what to try first.
    """
    settings = msgspec.structs.replace(settings, **own_files(settings))
    credential = secrets.token_urlsafe(16)
    with running(MockUpstream(credential, pace=PACE)) as upstream:
        api_key = asyncio.run(_prepare(settings, upstream, credential))
        yield settings, Example(api_key)


async def _prepare(settings: Settings, upstream: str, credential: str) -> str:
    async with opened(settings) as (database, keyring), database.transaction() as session:
        providers = await _ensure_providers(session, keyring, upstream, credential)
        await _ensure_models(session, providers)
        return await _ensure_key(session, keyring)


async def _ensure_providers(
    session: AsyncSession, keyring: Keyring, upstream: str, credential: str
) -> dict[str, int]:
    service = Providers(session, _ACTOR, keyring)
    ids = {}
    for name, protocol in PROVIDERS.items():
        row = await ProviderRepository(session).by_name(name)
        if row is None:
            row = await service.create(
                ProviderCreate(name=name, protocol=protocol, base_url=upstream, credential=credential)
            )
        else:
            await service.update(row.id, ProviderUpdate(base_url=upstream, credential=credential))
        ids[name] = row.id
    return ids


async def _ensure_models(session: AsyncSession, providers: dict[str, int]) -> None:
    for name, choices in MODELS.items():
        if await ModelRepository(session).by_name(name) is None:
            targets = [
                TargetCreate(
                    provider_id=providers[choice.provider],
                    target_model=choice.target_model,
                    rule=choice.rule,
                    priority=priority,
                )
                for priority, choice in enumerate(choices, 1)
            ]
            await Models(session, _ACTOR).create(
                ModelCreate(name=name, strategy=Strategy.PRIORITY, targets=targets)
            )


async def _ensure_key(session: AsyncSession, keyring: Keyring) -> str:
    service = ApiKeys(session, _ACTOR, keyring)
    found, _ = await service.page(search=KEY_NAME, is_active=None, sort="id", page=1, page_size=200)
    row = next((row for row in found if row.name == KEY_NAME), None)  # names of keys are not unique
    if row is None:
        return (await service.create(ApiKeyCreate(name=KEY_NAME)))[1]
    return (await service.rotate(row.id, overlap_seconds=0))[1]
