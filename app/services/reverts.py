"""Undoing one change, through the services that made it: with their checks, their tests of rules, their revisions.

What comes back and what is in the way is next door in `revert_parts.py`.
"""

from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import Conflict, FieldError, ResourceNotFound, RuleTestFailed, ValidationFailed
from app.common.secrets import Keyring
from app.db.tables.revision import RevisionRow
from app.domain.admin import Actor
from app.repositories.revisions import RevisionRepository
from app.services import revisions
from app.services.revert_parts import PARTS, Outcome, Part
from app.services.revisions import SECRET

_UPDATES: Final = frozenset({"update", "enable", "disable"})


class Reverted(msgspec.Struct, frozen=True):
    revisions: list[RevisionRow]
    resource: str
    resource_id: int | None
    """None: it is gone."""
    resource_name: str
    notes: list[str]
    """What is not as it was."""


class Reverts:
    def __init__(self, session: AsyncSession, actor: Actor, keyring: Keyring) -> None:
        self._session = session
        self._actor = actor
        self._keyring = keyring
        self._revisions = RevisionRepository(session)

    async def revert(self, revision_id: int) -> Reverted:
        """Undo a revision.

        :raises ResourceNotFound: there is no such revision.
        :raises Conflict: `not_revertible`; `secret_lost`; `changed_since`, naming each later change; `revert_refused`,
            with what the resource's own checks say; or another code of theirs, such as `provider_in_use`.
        :raises RuleTestFailed: a test does not agree with how it was.
        """
        await revisions.lock(self._session)
        change = await self._revisions.by_id(revision_id)
        if change is None:
            raise ResourceNotFound("There is no such revision.")
        part = self._part(change)
        latest = await self._revisions.latest()
        try:
            outcome = await self._undo(part, change)
        except RuleTestFailed:
            raise
        except ValidationFailed as error:
            raise Conflict(error.message, code="revert_refused", errors=error.errors) from None
        except ResourceNotFound as error:
            raise Conflict(error.message, code="revert_refused") from None
        made = await self._revisions.since(latest)
        if not made:
            raise Conflict("There is nothing to undo: all is as it was before.", code="changed_since")
        return Reverted(made, change.resource, outcome.resource_id, outcome.name, outcome.notes)

    def _part(self, change: RevisionRow) -> Part:
        """:raises Conflict: such a change can't be undone."""
        kind = PARTS.get(change.resource)
        if kind is None or change.resource_id is None:
            message = "Users, passwords and tokens can't be changed back."
            raise Conflict(message, code="not_revertible")
        lost = [field for field, pair in change.changes.items() if pair["old"] == SECRET]
        if lost and change.action != "create":
            raise Conflict(
                "A secret was replaced or removed, and secrets that are gone can't come back. Enter it again.",
                code="secret_lost",
                errors=tuple(
                    FieldError(f"/changes/{field}", "secret_lost", "The old value is not kept.")
                    for field in lost
                ),
            )
        return kind(self._session, self._actor, self._keyring)

    async def _undo(self, part: Part, change: RevisionRow) -> Outcome:
        if change.action == "delete":
            return await part.bring_back(change)
        row = await part.row(change)
        if row is None:
            raise await self._gone(change)
        if change.action == "create":
            await self._refuse_changed(change, await part.shown(row), "new", ignored=part.moving)
            _refuse(await part.company(row, change))
            return await part.remove(row)
        if change.action == "reorder":
            return await part.put_back(row, change)
        if change.action not in _UPDATES:
            raise Conflict(f"`{change.action}` can't be undone.", code="not_revertible")
        await self._refuse_changed(change, await part.now(row, change), "new")
        return await part.change_back(row, change)

    async def _refuse_changed(
        self, change: RevisionRow, now: dict[str, Any], side: str, ignored: frozenset[str] = frozenset()
    ) -> None:
        """:raises Conflict: a field has not the value any more that the change gave it."""
        other = [
            field
            for field, pair in change.changes.items()
            if field not in ignored and now.get(field) != pair[side]
        ]
        later = await self._revisions.of(change.resource, change.resource_id, change.id)
        faults = []
        for field in other:
            by = [str(each.id) for each in later if field in each.changes]
            said = f" by revision {', '.join(by)}" if by else ""
            faults.append(
                FieldError(f"/changes/{field}", "changed_since", f"`{field}` was changed again{said}.")
            )
        _refuse(faults)

    async def _gone(self, change: RevisionRow) -> Conflict:
        later = await self._revisions.of(change.resource, change.resource_id, change.id)
        by = next((f" by revision {each.id}" for each in later if each.action == "delete"), "")
        return Conflict(f"`{change.resource_name}` was deleted{by}.", code="changed_since")


def _refuse(faults: list[FieldError]) -> None:
    """:raises Conflict: there are any."""
    if faults:
        detail = " ".join(fault.message for fault in faults)
        raise Conflict(f"Later changes are in the way: {detail}", code="changed_since", errors=tuple(faults))
