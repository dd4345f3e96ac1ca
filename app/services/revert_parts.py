"""How each kind of resource takes a change back; `reverts.py` next door decides whether it may."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import Conflict, FieldError
from app.common.secrets import Keyring
from app.db.tables.api_key import ApiKeyRow
from app.db.tables.model import ModelRow
from app.db.tables.named_list import NamedListRow
from app.db.tables.provider import ProviderRow
from app.db.tables.revision import RevisionRow
from app.db.tables.rule_test import RuleTestRow
from app.db.tables.target import TargetRow
from app.domain.admin import Actor
from app.repositories.api_keys import ApiKeyRepository
from app.repositories.models import ModelRepository
from app.repositories.named_lists import NamedListRepository
from app.repositories.providers import ProviderRepository
from app.repositories.resource import ResourceRepository
from app.repositories.revisions import RevisionRepository
from app.repositories.rule_tests import RuleTestRepository
from app.repositories.targets import TargetRepository
from app.services.api_keys import ApiKeys
from app.services.models import Models
from app.services.named_lists import NamedLists
from app.services.providers import Providers
from app.services.resource import ResourceService
from app.services.revisions import SECRET
from app.services.rule_proof import read_expect, read_sample
from app.services.rule_tests import RuleTests
from app.services.targets import Targets

_TOGETHER: Final = timedelta(seconds=2)
"""Revisions of one request are no further apart."""
_GRAMMAR: Final = "grammar"


class Outcome(msgspec.Struct, frozen=True):
    resource_id: int | None
    """None: it is gone."""
    name: str
    notes: list[str]


def fields(values: Mapping[str, Any]) -> msgspec.Struct:
    """Values as the services take them."""
    kind = msgspec.defstruct("Fields", list(values))
    return kind(**values)


def old(change: RevisionRow) -> dict[str, Any]:
    return {field: pair["old"] for field, pair in change.changes.items()}


def shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """As a revision has them: JSON, secrets masked."""
    masked = {field: SECRET if isinstance(value, bytes) else value for field, value in values.items()}
    found: dict[str, Any] = msgspec.to_builtins(masked)
    return found


class Part(ABC):
    """One kind of resource."""

    repository: ResourceRepository[Any]
    service: ResourceService[Any]
    moving: ClassVar[frozenset[str]] = frozenset()
    """Fields of a new resource that other changes may move without making it another one."""

    def __init__(self, session: AsyncSession, actor: Actor, keyring: Keyring) -> None:
        self.session = session
        self.actor = actor
        self.keyring = keyring
        self.revisions = RevisionRepository(session)
        self.models = ModelRepository(session)

    async def row(self, change: RevisionRow) -> Any:
        """What the change was about; None where it is gone."""
        return await self.repository.by_id(change.resource_id or 0)

    async def shown(self, row: Any) -> dict[str, Any]:
        """All its fields as they are now."""
        return shown(self.service.fields(row))

    async def now(self, row: Any, change: RevisionRow) -> dict[str, Any]:  # noqa: ARG002  # lists answer otherwise
        """The fields that the change names, as they are now."""
        return await self.shown(row)

    async def company(self, row: Any, change: RevisionRow) -> list[FieldError]:  # noqa: ARG002  # as it is for models
        """What came later and would go with it."""
        return []

    async def put_back(self, row: Any, change: RevisionRow) -> Outcome:  # noqa: ARG002  # as it is for models
        """Undo a new order."""
        raise Conflict("This has no order.", code="not_revertible")

    @abstractmethod
    async def change_back(self, row: Any, change: RevisionRow) -> Outcome:
        """Undo a change of fields."""

    @abstractmethod
    async def remove(self, row: Any) -> Outcome:
        """Undo a creation."""

    @abstractmethod
    async def bring_back(self, change: RevisionRow) -> Outcome:
        """Undo a deletion."""

    async def model_of(self, model_id: int) -> ModelRow:
        """:raises Conflict: it was deleted."""
        model = await self.models.by_id(model_id)
        if model is None:
            later = await self.revisions.of("model", model_id, 0)
            by = next((each.id for each in later if each.action == "delete"), None)
            hint = "" if by is None else f" Undo revision {by} first, which deleted it."
            raise Conflict(f"The model is gone.{hint}", code="changed_since")
        return model


class ProviderPart(Part):
    def __init__(self, session: AsyncSession, actor: Actor, keyring: Keyring) -> None:
        super().__init__(session, actor, keyring)
        self.repository = ProviderRepository(session)
        self.service = self._providers = Providers(session, actor, keyring)

    async def change_back(self, row: ProviderRow, change: RevisionRow) -> Outcome:
        row = await self._providers.update(row.id, fields(old(change)))
        return Outcome(row.id, row.name, [])

    async def remove(self, row: ProviderRow) -> Outcome:
        await self._providers.delete(row.id)
        return Outcome(None, row.name, [])

    async def bring_back(self, change: RevisionRow) -> Outcome:
        row = await self._providers.create(fields(old(change)))
        return Outcome(row.id, row.name, [_renumbered(f"The provider `{row.name}`", row.id, change)])


class ApiKeyPart(Part):
    def __init__(self, session: AsyncSession, actor: Actor, keyring: Keyring) -> None:
        super().__init__(session, actor, keyring)
        self.repository = ApiKeyRepository(session)
        self.service = self._keys = ApiKeys(session, actor, keyring)

    async def change_back(self, row: ApiKeyRow, change: RevisionRow) -> Outcome:
        values = old(change)
        if "labels" in values:
            values["metadata"] = values.pop("labels")
        if values.get("expires_at") is not None:
            values["expires_at"] = datetime.fromisoformat(values["expires_at"])
        row = await self._keys.update(row.id, fields(values))
        return Outcome(row.id, row.name, [])

    async def remove(self, row: ApiKeyRow) -> Outcome:
        await self._keys.delete(row.id)
        return Outcome(None, row.name, [])

    async def bring_back(self, change: RevisionRow) -> Outcome:
        raise Conflict(f"The value of the key `{change.resource_name}` is kept nowhere.", code="secret_lost")


class NamedListPart(Part):
    def __init__(self, session: AsyncSession, actor: Actor, keyring: Keyring) -> None:
        super().__init__(session, actor, keyring)
        self.repository = NamedListRepository(session)
        self.service = self._lists = NamedLists(session, actor)

    async def now(self, row: NamedListRow, change: RevisionRow) -> dict[str, Any]:
        """A change of entries says which went and which came: those must be gone and there still."""
        found = await self.shown(row)
        entries = frozenset(found.pop("entries"))
        gone, come = (change.changes.get(side, {}) for side in ("removed", "added"))
        found["removed"] = None if entries.isdisjoint(gone.get("old") or ()) else "some are back"
        found["added"] = come.get("new") if entries.issuperset(come.get("new") or ()) else "some are gone"
        found["order"] = "changed"  # by whichever change; `change_back` refuses it
        return found

    async def change_back(self, row: NamedListRow, change: RevisionRow) -> Outcome:
        values = old(change)
        if "order" in values:
            raise Conflict("The old order of the entries is not kept.", code="not_revertible")
        back = values.pop("removed", None) or []
        values.pop("added", None)
        come = change.changes.get("added", {}).get("new") or []
        if values:
            row, _ = await self._lists.update(row.name, fields(values))
        notes = []
        if back or come:
            row, _ = await self._lists.change_entries(row.name, add=back, remove=come)
        if back:
            notes.append("The entries that came back are at the end of the list.")
        return Outcome(row.id, row.name, notes)

    async def remove(self, row: NamedListRow) -> Outcome:
        await self._lists.delete(row.name)
        return Outcome(None, row.name, [])

    async def bring_back(self, change: RevisionRow) -> Outcome:
        row, _ = await self._lists.create(fields(old(change)))
        return Outcome(row.id, row.name, [_renumbered(f"The list `{row.name}`", row.id, change)])


class RuleTestPart(Part):
    def __init__(self, session: AsyncSession, actor: Actor, keyring: Keyring) -> None:
        super().__init__(session, actor, keyring)
        self.repository = RuleTestRepository(session)
        self.service = self._tests = RuleTests(session, actor)

    async def change_back(self, row: RuleTestRow, change: RevisionRow) -> Outcome:
        model = await self.model_of(row.model_id)
        await self._tests.change(model.name, row.id, _test_fields(old(change)))
        return Outcome(row.id, model.name, [])

    async def remove(self, row: RuleTestRow) -> Outcome:
        model = await self.model_of(row.model_id)
        await self._tests.delete(model.name, row.id)
        return Outcome(None, model.name, [])

    async def bring_back(self, change: RevisionRow) -> Outcome:
        values = old(change)
        model = await self.model_of(values.pop("model_id"))
        row = await self._tests.store(model.name, _test_fields(values))
        return Outcome(row.id, model.name, [_renumbered(f"The test `{row.name}`", row.id, change)])


class TargetPart(Part):
    moving = frozenset({"position"})

    def __init__(self, session: AsyncSession, actor: Actor, keyring: Keyring) -> None:
        super().__init__(session, actor, keyring)
        self.repository = TargetRepository(session)
        self.service = self._targets = Targets(session, actor)

    async def change_back(self, row: TargetRow, change: RevisionRow) -> Outcome:
        model = await self.model_of(row.model_id)
        await self._targets.update(model.name, row.id, fields(old(change)))
        return Outcome(row.id, model.name, [])

    async def remove(self, row: TargetRow) -> Outcome:
        model = await self.model_of(row.model_id)
        await self._targets.remove(model.name, row.id)
        return Outcome(None, model.name, [])

    async def bring_back(self, change: RevisionRow) -> Outcome:
        """The target at its old place, as far as the others are there still."""
        values = old(change)
        model = await self.model_of(values["model_id"])
        position = values["position"]
        others = [target for target, _ in await self._targets.of_model(model.name)]
        row, _ = await self._targets.add(model.name, _target_fields(values))
        place = sum(1 for other in others if other.position < position)
        order = [other.id for other in others]
        order.insert(place, row.id)
        if place < len(others):
            await self._targets.reorder(model.name, order)
        return Outcome(row.id, model.name, [_renumbered("The target", row.id, change)])


class ModelPart(Part):
    def __init__(self, session: AsyncSession, actor: Actor, keyring: Keyring) -> None:
        super().__init__(session, actor, keyring)
        self.repository = self.models
        self.service = self._models = Models(session, actor)
        self._targets = Targets(session, actor)
        self._tests = RuleTestRepository(session)

    async def company(self, row: ModelRow, change: RevisionRow) -> list[FieldError]:
        """Targets that came with the model go with it; others, and tests, were put there by later changes."""
        came = {each.resource_id: each for each in await self._with(change, "create", 1)}
        faults = []
        for target, provider in await self._targets.of_model(row.name):
            made = came.get(target.id)
            fields_now = shown(self._targets.fields(target))
            if made is None or any(
                fields_now[field] != pair["new"]
                for field, pair in made.changes.items()
                if field != "position"
            ):
                what = f"Target {target.id} (`{provider}/{target.target_model}`) was added or changed later."
                faults.append(FieldError(f"/targets/{target.id}", "changed_since", what))
        for test in (await self._tests.of_models([row.id])).get(row.id, []):
            what = f"The test `{test.name}` was added later."
            faults.append(FieldError(f"/tests/{test.id}", "changed_since", what))
        return faults

    async def put_back(self, row: ModelRow, change: RevisionRow) -> Outcome:
        order = change.changes["targets"]
        now = [target.id for target, _ in await self._targets.of_model(row.name)]
        if now != order["new"]:
            later = [each.id for each in await self.revisions.of("model", row.id, change.id)]
            by = f" (model changes since: {', '.join(map(str, later))})" if later else ""
            message = f"The model has other targets now, or another order{by}."
            raise Conflict(message, code="changed_since")
        await self._targets.reorder(row.name, order["old"])
        return Outcome(row.id, row.name, [])

    async def change_back(self, row: ModelRow, change: RevisionRow) -> Outcome:
        row, _ = await self._models.update(row.name, fields(old(change)))
        return Outcome(row.id, row.name, [])

    async def remove(self, row: ModelRow) -> Outcome:
        await self._models.delete(row.name)
        return Outcome(None, row.name, [])

    async def bring_back(self, change: RevisionRow) -> Outcome:
        """The model with the targets that were deleted with it."""
        went = await self._with(change, "delete", -1)
        values = old(change)
        values.pop(_GRAMMAR)
        values["targets"] = [
            _target_fields(old(each)) for each in sorted(went, key=lambda each: old(each)["position"])
        ]
        row, targets = await self._models.create(fields(values))
        notes = [_renumbered(f"The model `{row.name}`", row.id, change)]
        if targets:
            numbers = ", ".join(str(target.id) for target, _ in targets)
            notes.append(f"Its targets came back with new numbers: {numbers}.")
        if await self._had_tests(change):
            notes.append("The tests kept with it were deleted with it and did not come back.")
        return Outcome(row.id, row.name, notes)

    async def _with(self, change: RevisionRow, action: str, step: int) -> list[RevisionRow]:
        """The targets made or deleted along with the model, whose revisions are right behind or before its own."""
        found = []
        for each in await self.revisions.beside(change.id, step):
            targets = each.resource == "target" and each.action == action
            if not targets or _model_id(each) != change.resource_id or abs(each.at - change.at) > _TOGETHER:
                break
            found.append(each)
        return found

    async def _had_tests(self, change: RevisionRow) -> bool:
        tests = await self.revisions.of("rule_test", None, 0)
        mine = [each for each in tests if each.id < change.id and _model_id(each) == change.resource_id]
        made = sum(1 for each in mine if each.action == "create")
        return made > sum(1 for each in mine if each.action == "delete")


PARTS: Final[Mapping[str, type[Part]]] = {
    "provider": ProviderPart,
    "model": ModelPart,
    "target": TargetPart,
    "named_list": NamedListPart,
    "rule_test": RuleTestPart,
    "api_key": ApiKeyPart,
}
"""By the name of the resource in revisions."""


def _model_id(change: RevisionRow) -> Any:
    pair = change.changes.get("model_id", {})
    return pair.get("new") or pair.get("old")


def _target_fields(values: dict[str, Any]) -> msgspec.Struct:
    hidden = ("model_id", "position", _GRAMMAR)
    return fields({field: value for field, value in values.items() if field not in hidden})


def _test_fields(values: dict[str, Any]) -> msgspec.Struct:
    readers = {"request": read_sample, "expect": read_expect}
    return fields(
        {field: readers[field](value) if field in readers else value for field, value in values.items()}
    )


def _renumbered(what: str, number: int, change: RevisionRow) -> str:
    return f"{what} has a new number: {number}; it was {change.resource_id}."
