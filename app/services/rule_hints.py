"""What was seen in traffic and configuration, for the completion of rules and log filters."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.rule_hints import RuleHintRepository
from app.rules.offers import Seen

KEPT_SECONDS: Final = 10.0
"""Completion asks at every key stroke; names change seldom."""
MOST_VALUES: Final = 20
MOST_CHARS: Final = 60

_kept: WeakKeyDictionary[Any, tuple[float, Seen]] = WeakKeyDictionary()


class _Facts(msgspec.Struct):
    """Of the facts stored with a log row, what is offered: headers by name."""

    headers: dict[str, str] = {}


async def seen(session: AsyncSession, now: Callable[[], float] = time.monotonic) -> Seen:
    """Names and values from the session's database, at most `KEPT_SECONDS` old."""
    database = session.get_bind()
    kept = _kept.get(database)
    if kept is None or now() - kept[0] > KEPT_SECONDS:
        kept = _kept[database] = (now(), await _read(RuleHintRepository(session)))
    return kept[1]


async def _read(hints: RuleHintRepository) -> Seen:
    models, providers = tuple(await hints.models()), tuple(await hints.providers())
    keys = await hints.api_keys()
    headers = [msgspec.json.decode(facts, type=_Facts).headers for facts in await hints.facts()]
    names = _commonest(name for lines in headers for name in lines)
    values = {
        f"headers.{name}": _commonest(lines[name] for lines in headers if name in lines) for name in names
    }
    labels = _commonest(name for _, _, metadata in keys for name in metadata)
    values |= {
        f"api_key.metadata.{name}": _commonest(
            metadata[name] for _, _, metadata in keys if isinstance(metadata.get(name), str)
        )
        for name in labels
    }
    return Seen(
        names={"headers": names, "api_key.metadata": labels},
        values={
            **values,
            "model": models,
            "body.model": models,
            "provider": providers,
            "api_key.name": tuple(name for name, _, _ in keys[:MOST_VALUES]),
            "api_key.tags[]": _commonest(tag for _, tags, _ in keys for tag in tags),
        },
    )


def _commonest(texts: Iterable[str]) -> tuple[str, ...]:
    found = Counter(text for text in texts if 0 < len(text) <= MOST_CHARS)
    return tuple(text for text, _ in found.most_common(MOST_VALUES))
