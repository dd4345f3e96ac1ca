"""Makes a routing snapshot out of table rows: a plain function, run in a thread by `snapshot.py` next door.

What has not changed since the build before is the same object again: compiled rules above all.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from app.common.secrets import DecryptionError, Keyring
from app.config import Settings
from app.db.tables.provider import CREDENTIAL_PLACE
from app.domain.api_key import ApiKey
from app.domain.model import Model, Retry, Strategy, Target
from app.domain.provider import Protocol, Provider, Timeouts
from app.domain.snapshot import Route, RoutingSnapshot
from app.rules.engine import RuleSet

Edition = tuple[int, int, datetime]
"""Id, version and time of change of a row: equal only for equal rows, even after a backup was restored."""


class Tables(msgspec.Struct, frozen=True):
    """Rows of one consistent read; active ones only."""

    revision: int
    providers: Sequence[Any]
    models: Sequence[Any]
    targets: Sequence[Any]
    api_keys: Sequence[Any]


class Built(msgspec.Struct, frozen=True):
    """A snapshot, what was left out of it and why, and what the next build can take over."""

    snapshot: RoutingSnapshot
    problems: list[str]
    providers: dict[Edition, Provider]
    routes: dict[int, tuple[tuple[Any, ...], Route]]


EMPTY = Built(RoutingSnapshot(revision=0, keys={}, routes={}), [], {}, {})


def build(
    tables: Tables,
    previous: Built,
    keyring: Keyring,
    settings: Settings,
    environ: Mapping[str, str],
    now: float,
) -> Built:
    """:param now: seconds since the epoch; what has expired by then is left out."""
    problems: list[str] = []
    providers: dict[Edition, Provider] = {}
    for row in tables.providers:
        try:
            providers[_edition(row)] = previous.providers.get(_edition(row)) or _provider(
                row, _credential(row, keyring, environ), settings
            )
        except DecryptionError:
            problems.append(f"provider {row.name}: the stored credential can't be decrypted; enter it again")
        except KeyError:
            problems.append(f"provider {row.name}: the environment variable {row.credential_env} is not set")
    by_id = {provider.id: provider for provider in providers.values()}
    targets = defaultdict(list)
    for row in tables.targets:
        if row.provider_id in by_id:
            targets[row.model_id].append(row)
    routes: dict[int, tuple[tuple[Any, ...], Route]] = {}
    for row in tables.models:
        under = sorted(targets[row.id], key=lambda target: (target.position, target.id))
        made_of = (_edition(row), *((_edition(target), id(by_id[target.provider_id])) for target in under))
        old = previous.routes.get(row.id)
        try:
            routes[row.id] = (
                old if old and old[0] == made_of else (made_of, _route(row, under, by_id, settings))
            )
        except Exception as error:  # one rule this program can't compile must not take all other models down
            problems.append(f"model {row.name}: its rules can't be compiled ({error})")
    snapshot = RoutingSnapshot(
        revision=tables.revision,
        keys=_keys(tables.api_keys, now),
        routes={route.model.name: route for _, route in routes.values()},
    )
    return Built(snapshot, problems, providers, routes)


def _edition(row: Any) -> Edition:
    return row.id, row.version, row.updated_at


def _credential(row: Any, keyring: Keyring, environ: Mapping[str, str]) -> str | None:
    """:raises KeyError, DecryptionError:"""
    if row.credential_env is not None:
        return environ[row.credential_env]
    if row.credential_ciphertext is None:
        return None
    return keyring.decrypt(row.credential_ciphertext, CREDENTIAL_PLACE.format(row.id))


def _provider(row: Any, credential: str | None, settings: Settings) -> Provider:
    return Provider(
        id=row.id,
        name=row.name,
        protocol=Protocol(row.protocol),
        base_url=row.base_url,
        credential=credential,
        headers=tuple(row.headers.items()),
        timeouts=Timeouts(
            connect=_or(row.connect_timeout, settings.connect_timeout),
            first_byte=_or(row.first_byte_timeout, settings.first_byte_timeout),
            idle=_or(row.idle_timeout, settings.idle_timeout),
            total=_or(row.total_timeout, settings.total_timeout),
        ),
        verify_tls=row.verify_tls,
    )


def _route(row: Any, targets: Sequence[Any], providers: Mapping[int, Provider], settings: Settings) -> Route:
    model = Model(
        id=row.id,
        name=row.name,
        rule=row.rule,
        strategy=Strategy(row.strategy),
        retry=Retry(
            max_attempts=_or(row.retry_max_attempts, settings.retry_max_attempts),
            delay=_or(row.retry_delay_ms, settings.retry_delay_ms) / 1000,
            max_delay=_or(row.retry_max_delay_ms, settings.retry_max_delay_ms) / 1000,
            max_attempts_total=_or(row.max_attempts_total, settings.max_attempts_total),
            final_statuses=frozenset(row.final_statuses),
        ),
        targets=tuple(
            Target(
                id=target.id,
                provider=providers[target.provider_id],
                target_model=target.target_model,
                rule=target.rule,
                priority=target.priority,
                weight=target.weight,
            )
            for target in targets
        ),
        created=row.created_at.timestamp(),
    )
    return Route(model=model, rules=RuleSet(model, {}))


def _keys(rows: Sequence[Any], now: float) -> dict[bytes, ApiKey]:
    keys = {}
    for row in rows:
        expires_at = row.expires_at.timestamp() if row.expires_at is not None else None
        if expires_at is not None and expires_at <= now:
            continue
        allowed = row.allowed_models
        key = ApiKey(
            id=row.id,
            name=row.name,
            expires_at=expires_at,
            allowed_models=frozenset(allowed) if allowed is not None else None,
            requests_per_minute=row.requests_per_minute,
            tags=tuple(row.tags),
            metadata=row.metadata,
        )
        keys[row.key_hash] = key
        if row.previous_hash is not None:
            until = row.previous_valid_until.timestamp()
            if until > now:
                end = until if expires_at is None else min(until, expires_at)
                keys[row.previous_hash] = msgspec.structs.replace(key, expires_at=end)
    return keys


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value
