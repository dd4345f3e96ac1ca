"""The configuration as it was: what is stored now, with the revisions since then undone, the newest first."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.revision import RevisionRow
from app.repositories.history import RESOURCES, HistoryRepository, fields_of
from app.repositories.revisions import RevisionRepository

Fields = dict[str, Any]


class PastTarget(msgspec.Struct, frozen=True):
    """A target with what was then known of its provider."""

    id: int
    provider: str
    protocol: str
    target_model: str
    rule: str
    priority: int
    weight: int
    is_active: bool
    """Of the target and of its provider."""


class PastModel(msgspec.Struct, frozen=True):
    """A model with its targets in their order."""

    name: str
    rule: str
    strategy: str
    is_active: bool
    targets: tuple[PastTarget, ...]


class Configuration(msgspec.Struct, frozen=True):
    """What bears on decisions, at one revision: fields per resource by id."""

    revision: int
    tables: dict[str, dict[int, Fields]]

    def model(self, name: str) -> PastModel | None:
        """A model by the name it had."""
        found = next((item for item in self.tables["model"].items() if item[1]["name"] == name), None)
        if found is None:
            return None
        model_id, fields = found
        under = [item for item in self.tables["target"].items() if item[1]["model_id"] == model_id]
        under.sort(key=lambda item: (item[1]["position"], item[0]))
        targets = tuple(self._target(target_id, target) for target_id, target in under)
        return PastModel(fields["name"], fields["rule"], fields["strategy"], fields["is_active"], targets)

    def lists(self) -> dict[str, frozenset[str]]:
        return {fields["name"]: frozenset(fields["entries"]) for fields in self.tables["named_list"].values()}

    def api_key(self, key_id: int) -> Fields | None:
        """`name`, `tags` and `labels` of a key."""
        return self.tables["api_key"].get(key_id)

    def _target(self, target_id: int, fields: Mapping[str, Any]) -> PastTarget:
        provider = self.tables["provider"][fields["provider_id"]]
        return PastTarget(
            id=target_id,
            provider=provider["name"],
            protocol=provider["protocol"],
            target_model=fields["target_model"],
            rule=fields["rule"],
            priority=fields["priority"],
            weight=fields["weight"],
            is_active=fields["is_active"] and provider["is_active"],
        )


async def configuration(session: AsyncSession, revision: int | None = None) -> Configuration:
    """
    :param revision: the newest change that counts; None: all of them.
    """
    latest = await RevisionRepository(session).latest()
    history = HistoryRepository(session)
    tables = {resource: await history.now(resource) for resource in RESOURCES}
    if revision is None or revision >= latest:
        return Configuration(latest, tables)
    async for change in history.since(revision, RESOURCES):
        _undo(tables, change)
    return Configuration(revision, tables)


def _undo(tables: dict[str, dict[int, Fields]], change: RevisionRow) -> None:
    rows, row_id = tables[change.resource], change.resource_id or 0
    if change.action == "create":
        rows.pop(row_id, None)
    elif change.action == "reorder":
        for position, target_id in enumerate(change.changes["targets"]["old"]):
            tables["target"][target_id]["position"] = position
    else:
        if change.resource == "named_list" and row_id in rows:
            rows[row_id]["entries"] = _entries_before(rows[row_id]["entries"], change.changes)
        before = {
            name: change.changes[name]["old"] for name in fields_of(change.resource) if name in change.changes
        }
        rows[row_id] = rows.get(row_id, {}) | before


def _entries_before(entries: list[str], changes: Mapping[str, dict[str, Any]]) -> list[str]:
    """The entries of a list before a change (`services.named_lists` writes down what went and what came)."""
    added = frozenset(changes.get("added", {}).get("new") or ())
    return [entry for entry in entries if entry not in added] + (changes.get("removed", {}).get("old") or [])
