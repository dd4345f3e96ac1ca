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
from app.rules.engine import Lists, RuleSet
from app.rules.list_names import list_names

Edition = tuple[int, int, datetime]
"""Id, version and time of change of a row: equal only for equal rows, even after a backup was restored."""


class Tables(msgspec.Struct, frozen=True):
    """Rows of one consistent read; active ones only."""

    revision: int
    providers: Sequence[Any]
    models: Sequence[Any]
    targets: Sequence[Any]
    api_keys: Sequence[Any]
    lists: Sequence[Any]
    """Id, name, version and time of change of each named list."""
    entries: Mapping[int, str]
    """By id the entries, as JSON, of the lists that the build before did not have as they are now."""


class Built(msgspec.Struct, frozen=True):
    """A snapshot, what was left out of it and why, and what the next build can take over."""

    snapshot: RoutingSnapshot
    problems: list[str]
    providers: dict[Edition, Provider]
    routes: dict[int, tuple[tuple[Any, ...], Route]]
    lists: dict[Edition, frozenset[str]]


EMPTY = Built(RoutingSnapshot(revision=0, keys={}, routes={}), [], {}, {}, {})


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
            providers[edition(row)] = previous.providers.get(edition(row)) or provider_of(
                row, credential_of(row, keyring, environ), settings
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
    entries = {
        edition(row): previous.lists[edition(row)]
        if edition(row) in previous.lists
        else frozenset(_read_entries(tables.entries[row.id]))
        for row in tables.lists
    }
    lists = {row.name: entries[edition(row)] for row in tables.lists}
    editions = {row.name: edition(row) for row in tables.lists}
    routes: dict[int, tuple[tuple[Any, ...], Route]] = {}
    for row in tables.models:
        under = sorted(targets[row.id], key=lambda target: (target.position, target.id))
        named = frozenset[str]().union(*(list_names(rule) for rule in (row.rule, *(t.rule for t in under))))
        made_of = (
            edition(row),
            *((edition(target), id(by_id[target.provider_id])) for target in under),
            *(editions.get(name) for name in sorted(named)),
        )
        # A rule set gets the lists it names: those made later change nothing for it. All where one is not there,
        # for the sake of what the problem says.
        given = {name: lists[name] for name in named} if named <= lists.keys() else lists
        old = previous.routes.get(row.id)
        try:
            routes[row.id] = (
                old if old and old[0] == made_of else (made_of, _route(row, under, by_id, settings, given))
            )
        except Exception as error:  # one rule this program can't compile must not take all other models down
            problems.append(f"model {row.name}: its rules can't be compiled ({error})")
    snapshot = RoutingSnapshot(
        revision=tables.revision,
        keys=_keys(tables.api_keys, now),
        routes={route.model.name: route for _, route in routes.values()},
    )
    return Built(snapshot, problems, providers, routes, entries)


def edition(row: Any) -> Edition:
    return row.id, row.version, row.updated_at


def credential_of(row: Any, keyring: Keyring, environ: Mapping[str, str]) -> str | None:
    """The credential of a provider's row, in the clear.

    :raises KeyError: it is in an environment variable that is not set.
    :raises DecryptionError:
    """
    if row.credential_env is not None:
        return environ[row.credential_env]
    if row.credential_ciphertext is None:
        return None
    return keyring.decrypt(row.credential_ciphertext, CREDENTIAL_PLACE.format(row.id))


def provider_of(row: Any, credential: str | None, settings: Settings) -> Provider:
    """The provider of a row as calls use it."""
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


def _route(
    row: Any, targets: Sequence[Any], providers: Mapping[int, Provider], settings: Settings, lists: Lists
) -> Route:
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
    return Route(model=model, rules=RuleSet(model, lists))


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


_read_entries = msgspec.json.Decoder(list[str]).decode


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value
