"""Reads what a new snapshot needs: all of the configuration once, from then on what the history says has changed.

`snapshot_build.py` next door makes the snapshot.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.api_keys import ApiKeyRepository
from app.repositories.models import ModelRepository
from app.repositories.named_lists import NamedListRepository
from app.repositories.providers import ProviderRepository
from app.repositories.revisions import Change, Mark, RevisionRepository
from app.repositories.targets import TargetRepository

MOST: Final = 1_000
"""After more changes than this, reading everything is quicker."""

Edition = tuple[int, int, datetime]
"""Id, version and time of change of a row: equal only for equal rows, even after a backup was restored."""


class Touched(msgspec.Struct, frozen=True):
    """Ids of all that has been made, changed or deleted; the targets of a model count as part of it."""

    providers: Collection[int]
    models: Collection[int]
    lists: Collection[int]
    api_keys: Collection[int]


class Tables(msgspec.Struct, frozen=True):
    """Rows of one consistent read; active ones only."""

    mark: Mark | None
    """The change they are as of; None before the first."""
    touched: Touched | None
    """Which rows were read; None: all."""
    providers: Sequence[Any]
    models: Sequence[Any]
    targets: Sequence[Any]
    api_keys: Sequence[Any]
    lists: Sequence[Any]
    """Id, name, version and time of change of named lists."""
    entries: Mapping[int, str]
    """By id the entries, as JSON, of those of the lists whose edition was not known."""


async def read(session: AsyncSession, mark: Mark | None, known: Collection[Edition]) -> Tables:
    """What has changed since a change; everything where that can't be told.

    :param mark: of the snapshot that is there; None when there is none.
    :param known: editions of the named lists that are there already.
    """
    changes = None if mark is None else await RevisionRepository(session).changes(mark, MOST)
    if changes is None:
        return await _read(session, await RevisionRepository(session).newest(), None, known)
    if changes:
        mark = (changes[-1].id, changes[-1].at)
    return await _read(session, mark, await _touched(session, changes), known)


async def _touched(session: AsyncSession, changes: Sequence[Change]) -> Touched:
    ids: dict[str, set[int]] = {kind: set() for kind in ("provider", "model", "named_list", "api_key")}
    updated, others = set(), []
    for change in changes:
        if change.resource_id is None:
            continue
        if change.resource in ids:
            ids[change.resource].add(change.resource_id)
        elif change.resource == "target":
            if change.action == "update":
                updated.add(change.resource_id)
            else:
                others.append(change.id)
    # A target keeps its model, and what deletes it says which that was.
    ids["model"] |= await TargetRepository(session).models_of(updated)
    ids["model"] |= await RevisionRepository(session).models_named(others)
    return Touched(
        providers=ids["provider"], models=ids["model"], lists=ids["named_list"], api_keys=ids["api_key"]
    )


async def _read(
    session: AsyncSession, mark: Mark | None, touched: Touched | None, known: Collection[Edition]
) -> Tables:
    targets = TargetRepository(session)
    lists = await NamedListRepository(session).editions(touched.lists if touched else None)
    unread = [row.id for row in lists if edition(row) not in known]
    return Tables(
        mark=mark,
        touched=touched,
        providers=await ProviderRepository(session).active(touched.providers if touched else None),
        models=await ModelRepository(session).active(touched.models if touched else None),
        targets=await (targets.active() if touched is None else targets.active_of(touched.models)),
        api_keys=await ApiKeyRepository(session).active(touched.api_keys if touched else None),
        lists=lists,
        entries=await NamedListRepository(session).texts(unread),
    )


def edition(row: Any) -> Edition:
    return row.id, row.version, row.updated_at
