"""Named lists: entries kept apart from the rules that ask for them as `$name`."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import Conflict, FieldError
from app.db.tables.named_list import NamedListRow
from app.domain.admin import Actor
from app.repositories.named_lists import NamedListRepository, StoredRule, rules_with_lists
from app.rules.diagnostics import Code
from app.rules.engine import check
from app.rules.list_names import list_names
from app.services import revisions
from app.services.resource import ResourceService, check_version, given, name_taken, refuse
from app.services.rule_proof import Proof

MOST: Final = 100_000
"""Entries of one list."""
_NAMED: Final = 5
"""Rules that a message tells of."""

NamedList = tuple[NamedListRow, list[StoredRule]]
"""A list, and the rules that ask for it."""


class NamedLists(ResourceService[NamedListRow]):
    resource: ClassVar[str] = "named_list"

    def __init__(self, session: AsyncSession, actor: Actor, proof: Proof | None = None) -> None:
        super().__init__(session, actor)
        self._lists = NamedListRepository(session)
        self._proof = proof or Proof(session)

    async def page(
        self, *, search: str | None, sort: str, page: int, page_size: int
    ) -> tuple[list[tuple[Any, list[StoredRule]]], int]:
        """Rows without `entries`, but with `entry_count`."""
        rows, total = await self._lists.heads(search=search, sort=sort, page=page, page_size=page_size)
        rules = await rules_with_lists(self._session)
        return [(row, _using(row.name, rules)) for row in rows], total

    async def get(self, name: str) -> NamedList:
        """:raises ResourceNotFound:"""
        return await self._row(name), await self._users(name)

    async def create(self, fields: msgspec.Struct) -> NamedList:
        """
        :raises Conflict: `name_taken`.
        """
        values = given(fields)
        await revisions.lock(self._session)
        if await self._lists.by_name(values["name"]) is not None:
            raise name_taken()
        values["entries"] = _once(values["entries"])
        row = await self._lists.add(NamedListRow(**values))
        await self._record("create", row, row.name, None, self.fields(row))
        return row, await self._users(row.name)

    async def update(self, name: str, fields: msgspec.Struct, if_match: str | None = None) -> NamedList:
        """Change the fields that were sent; entries as a whole.

        :raises ResourceNotFound:
        :raises PreconditionFailed: it has changed since `if_match`.
        :raises Conflict: `name_taken`; or `list_in_use`, since rules would ask for the old name.
        :raises RuleTestFailed: a test of a model that asks for the list does not agree.
        """
        values = given(fields)
        row = await self._locked(name, if_match)
        if values.get("name", name) != name:
            await self._refuse_in_use(name)
            if await self._lists.by_name(values["name"]) is not None:
                raise name_taken()
        if "entries" in values:
            values["entries"] = _once(values["entries"])
        return await self._change(row, values)

    async def change_entries(
        self, name: str, *, add: Sequence[str], remove: Sequence[str], if_match: str | None = None
    ) -> NamedList:
        """Take entries out, then put others at the end. Those that are not there, or there already, don't matter.

        :raises ResourceNotFound:
        :raises PreconditionFailed: it has changed since `if_match`.
        :raises ValidationFailed: too many entries.
        :raises RuleTestFailed: as for `update`.
        """
        row = await self._locked(name, if_match)
        gone = frozenset(remove)
        left = _once([*(entry for entry in row.entries if entry not in gone), *add])
        if len(left) > MOST:
            refuse([FieldError("/add", "too_many_entries", f"A list has at most {MOST:,} entries.")])
        return await self._change(row, {"entries": left})

    async def delete(self, name: str, if_match: str | None = None) -> None:
        """
        :raises ResourceNotFound:
        :raises PreconditionFailed: it has changed since `if_match`.
        :raises Conflict: `list_in_use`, naming the rules.
        """
        row = await self._locked(name, if_match)
        await self._refuse_in_use(name)
        await self._lists.remove(row)
        await self._record("delete", row, row.name, self.fields(row), None)

    async def _change(self, row: NamedListRow, values: dict[str, Any]) -> NamedList:
        before = self.fields(row)
        for field, value in values.items():
            setattr(row, field, value)
        await self._session.flush()
        after = self.fields(row)
        await self._record("update", row, row.name, *_difference(before, after))
        users = await self._users(row.name)
        if frozenset(before["entries"]) != frozenset(after["entries"]):
            await self._proof.of({rule.model_id for rule in users}, "/entries")
        return row, users

    async def _users(self, name: str) -> list[StoredRule]:
        return _using(name, await rules_with_lists(self._session))

    async def _refuse_in_use(self, name: str) -> None:
        users = await self._users(name)
        if users:
            named = ", ".join(map(place, users[:_NAMED]))
            more = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
            raise Conflict(f"These rules ask for the list: {named}{more}.", code="list_in_use")

    async def _row(self, name: str) -> NamedListRow:
        row = await self._lists.by_name(name)
        if row is None:
            raise self._not_found()
        return row

    async def _locked(self, name: str, if_match: str | None) -> NamedListRow:
        await revisions.lock(self._session)
        row = await self._row(name)
        check_version(row, if_match)
        return row


async def warnings(stored: NamedList) -> list[str]:
    """Entries that can't do what a rule wants of them, such as a name where `client.ip` is asked for."""
    row, users = stored
    return await asyncio.to_thread(_warnings, row.name, frozenset(row.entries), users)


def _warnings(name: str, listed: frozenset[str], users: Iterable[StoredRule]) -> list[str]:
    found = []
    for user in users:
        lists = {**dict.fromkeys(list_names(user.rule), frozenset[str]()), name: listed}
        messages = [seen.message for seen in check(user.rule, lists) if seen.code is Code.LIST_ENTRY]
        found += [f"{place(user)}: {message}" for message in dict.fromkeys(messages)]
    return found


def place(rule: StoredRule) -> str:
    """Where a rule stands, for a person."""
    if rule.target_id is None:
        return f"model `{rule.model}`"
    return f"model `{rule.model}`, target `{rule.provider}/{rule.target_model}`"


def _using(name: str, rules: Iterable[StoredRule]) -> list[StoredRule]:
    return [rule for rule in rules if name in list_names(rule.rule)]


def _once(texts: Iterable[str]) -> list[str]:
    """Without duplicates, in the order of their first."""
    return list(dict.fromkeys(texts))


def _difference(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a revision compares: of entries those that went and those that came, not the whole list twice.

    History goes back from the present list by `removed` (old) and `added` (new).
    """
    before, after = dict(before), dict(after)
    old, new = before.pop("entries"), after.pop("entries")
    if gone := [*dict.fromkeys(old).keys() - frozenset(new)]:
        before["removed"] = sorted(gone)
    if come := [*dict.fromkeys(new).keys() - frozenset(old)]:
        after["added"] = sorted(come)
    if old != new and not gone and not come:
        after["order"] = "changed"
    return before, after
