"""A large configuration written straight into the tables: thousands of rows in a second, where services take minutes.

As a program: `python -m tests.support.big DATABASE_URL --base-url http://127.0.0.1:9000/v1` prints an API key's value.
"""

import argparse
import asyncio
import itertools
import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.secrets import Keyring, new_api_key
from app.config import async_url, load
from app.db.session import Database
from app.db.tables.api_key import ApiKeyRow
from app.db.tables.model import ModelRow
from app.db.tables.provider import ProviderRow
from app.db.tables.revision import RevisionRow
from app.db.tables.target import TargetRow
from app.services import keyring, migrations
from rules_grammar import VERSION

_AT_ONCE = 1000


class Size(msgspec.Struct, frozen=True):
    """How much there is of everything, in a database that had nothing before.

    Model `m` has all rules it may have, and one target that takes everything.
    """

    keys: int = 10_000
    models: int = 1_000
    """`m` included."""
    targets: int = 1_000
    """Targets of the other models together, each without a rule."""
    rules: int = 64
    """Rules of `m`, its own and its targets'; of every model where `all_ruled`."""
    all_ruled: bool = False
    providers: int = 20


SMALL = Size(keys=1, models=1, targets=0, rules=0, providers=1)
WORST = Size(all_ruled=True)


async def fill(
    session: AsyncSession, keys: Keyring, size: Size, base_url: str = "https://api.example.com/v1"
) -> str:
    """Write the configuration and one revision. Returns the value of an API key that may use every model."""
    value = new_api_key()
    await _insert(session, ProviderRow, _providers(size, base_url))
    await _insert(session, ModelRow, _models(size))
    await _insert(session, TargetRow, _targets(size))
    await _insert(session, ApiKeyRow, _api_keys(size, keys, value))
    revision = {"actor_kind": "command", "actor_name": "fill", "action": "create", "resource": "api_key"}
    await _insert(
        session,
        RevisionRow,
        iter([{**revision, "at": datetime.now(UTC), "resource_id": 1, "resource_name": "k0", "changes": {}}]),
    )
    return value


async def _insert(session: AsyncSession, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    while some := list(itertools.islice(rows, _AT_ONCE)):
        await session.execute(insert(table), some)


def _common() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"created_at": now, "updated_at": now, "version": 1, "is_active": True}


def _providers(size: Size, base_url: str) -> Iterator[dict[str, Any]]:
    names = ("connect", "first_byte", "idle", "total")
    for number in range(1, size.providers + 1):
        yield {
            **_common(),
            "name": f"p{number}",
            "protocol": "openai",
            "base_url": base_url,
            "headers": {},
            "verify_tls": True,
            "notes": "",
            **{f"{name}_timeout": None for name in names},
        }


def _models(size: Size) -> Iterator[dict[str, Any]]:
    for number in range(1, size.models + 1):
        ruled = size.rules > 0 and (number == 1 or size.all_ruled)
        yield {
            **_common(),
            "name": "m" if number == 1 else f"m{number}",
            "rule": f"not exists(headers.x-refuse-{number})" if ruled else "",
            "grammar": VERSION,
            "strategy": "round_robin",
            "final_statuses": [],
            "notes": "",
        }


def _targets(size: Size) -> Iterator[dict[str, Any]]:
    ruled = max(size.rules - 1, 0)
    for model in range(1, size.models + 1):
        if model == 1 or size.all_ruled:
            # Only the last takes a request without the header or with another value in it.
            rules = [rule_of(model, number) for number in range(ruled - 1)]
            rules += ['body.model != "none"' if ruled else ""]
        else:
            share, more = divmod(size.targets, size.models - 1)
            rules = [""] * (share + (model - 2 < more))
        for position, rule in enumerate(rules):
            yield {
                **_common(),
                "model_id": model,
                "provider_id": 1 + (model + position) % size.providers,
                "target_model": "gpt-4o-mini",
                "rule": rule,
                "grammar": VERSION,
                "priority": 0,
                "weight": 1,
                "position": position,
            }


def rule_of(model: int, number: int) -> str:
    """A rule of the usual length, like no other."""
    return (
        f'headers.x-team == "team-{model}-{number}" and '
        f'(body.max_tokens > {number * 10} or api_key.tags contains "tag-{number}") and body.temperature <= 1.5'
    )


def _api_keys(size: Size, keys: Keyring, value: str) -> Iterator[dict[str, Any]]:
    for number in range(size.keys):
        yield {
            **_common(),
            "name": f"k{number}",
            "key_hash": keys.api_key_digest(value) if number == 0 else secrets.token_bytes(32),
            "prefix": value[:8],
            "last4": value[-4:] if number == 0 else "none",
            "tags": ["big"] if number % 2 else [],
            "labels": {"team": f"team-{number % 50}"} if number % 2 else {},
        }


async def _main(arguments: argparse.Namespace) -> None:
    settings = msgspec.structs.replace(load(), database_url=async_url(arguments.database_url))
    await migrations.upgrade(settings)
    database = Database(settings.database_url)
    size = {"small": SMALL, "big": Size(), "worst": WORST}[arguments.size]
    keys = await keyring.open_keyring(database, settings)
    async with database.transaction() as session:
        value = await fill(session, keys, size, arguments.base_url)
    await database.aclose()
    sys.stdout.write(value + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database_url")
    parser.add_argument("--base-url", default="https://api.example.com/v1")
    parser.add_argument("--size", choices=("small", "big", "worst"), default="big")
    asyncio.run(_main(parser.parse_args()))
