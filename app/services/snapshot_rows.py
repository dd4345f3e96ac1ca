"""What the hot path reads, out of single rows: providers, models with their targets, API keys."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from app.common.secrets import Keyring
from app.config import Settings
from app.db.tables.provider import CREDENTIAL_PLACE
from app.domain.api_key import ApiKey
from app.domain.model import Model, Retry, Strategy, Target
from app.domain.provider import Protocol, Provider, Timeouts


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


def absent(provider_id: int) -> Provider:
    """Stands for a provider that is inactive or can't be used; nothing is ever sent to it."""
    return Provider(provider_id, "", Protocol.OPENAI, "", None, (), Timeouts(0, 0, 0, 0))


def model_of(
    row: Any,
    targets: Iterable[Any],
    providers: Mapping[int, Provider],
    settings: Settings,
    texts: dict[str, str],
) -> Model:
    """The model of a row with all its active targets, in their order.

    :param targets: rows, in any order.
    :param texts: those met so far, so that equal ones are kept once.
    :raises ValueError: a strategy that is none.
    """
    once = texts.setdefault
    ordered = sorted(targets, key=lambda target: (target.position, target.id))
    return Model(
        id=row.id,
        name=row.name,
        rule=once(row.rule, row.rule),
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
                provider=providers.get(target.provider_id) or absent(target.provider_id),
                target_model=once(target.target_model, target.target_model),
                rule=once(target.rule, target.rule),
                priority=target.priority,
                weight=target.weight,
            )
            for target in ordered
        ),
        created=row.created_at.timestamp(),
    )


def with_providers(model: Model, changed: Iterable[int], providers: Mapping[int, Provider]) -> Model:
    """The model with some of its targets' providers as they are now."""
    gone = frozenset(changed)
    return msgspec.structs.replace(
        model,
        targets=tuple(
            msgspec.structs.replace(
                target, provider=providers.get(target.provider.id) or absent(target.provider.id)
            )
            if target.provider.id in gone
            else target
            for target in model.targets
        ),
    )


def usable_part(model: Model, providers: Mapping[int, Provider]) -> Model:
    """The model with those of its targets whose provider can be used; itself where all can."""
    usable = tuple(target for target in model.targets if target.provider.id in providers)
    return model if len(usable) == len(model.targets) else msgspec.structs.replace(model, targets=usable)


def api_keys_of(rows: Sequence[Any], now: float) -> dict[bytes, ApiKey]:
    """By hash of their values the keys that have not expired. A rotated one is there twice while its old value works.

    :param now: seconds since the epoch.
    """
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
