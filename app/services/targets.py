"""Targets: the providers under a model. A change of a target is also a change of its model, whose version grows."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import FieldError, ResourceNotFound
from app.db.tables.base import utc_now
from app.db.tables.model import ModelRow
from app.db.tables.target import TargetRow
from app.domain.admin import Actor
from app.repositories.models import ModelRepository
from app.repositories.providers import ProviderRepository
from app.repositories.targets import TargetRepository
from app.rules.engine import GRAMMAR
from app.rules.limits import MAX_RULES
from app.services import revisions
from app.services.resource import ResourceService, check_version, given, refuse
from app.services.rule_faults import rule_faults
from app.services.rule_proof import Proof

MOST: Final = MAX_RULES - 1
"""Targets under one model, which has a rule of its own."""
_BEARING: Final = ("rule", "provider_id", "target_model")
"""Fields that bear on tests: the rule, and what tests name a target by."""

StoredTarget = tuple[TargetRow, str]
"""A target, and the name of its provider."""


class Targets(ResourceService[TargetRow]):
    resource: ClassVar[str] = "target"

    def __init__(self, session: AsyncSession, actor: Actor, proof: Proof | None = None) -> None:
        super().__init__(session, actor)
        self._proof = proof or Proof(session)
        self._models = ModelRepository(session)
        self._providers = ProviderRepository(session)
        self._targets = TargetRepository(session)

    async def of_model(self, model: str) -> list[StoredTarget]:
        """The targets of a model in their order.

        :raises ResourceNotFound: no such model.
        """
        return await self._of(await self._model(model))

    async def get(self, model: str, target_id: int) -> StoredTarget:
        """:raises ResourceNotFound: no such model, or no such target under it."""
        for target, provider in await self.of_model(model):
            if target.id == target_id:
                return target, provider
        raise self._not_found()

    async def add(self, model: str, fields: msgspec.Struct) -> StoredTarget:
        """Add a target after the others.

        :raises ResourceNotFound: no such model.
        :raises ValidationFailed: unknown provider, faulty rule, or too many targets.
        :raises RuleTestFailed: a test does not agree with the target.
        """
        await revisions.lock(self._session)
        row = await self._model(model)
        others = await self._of(row)
        refuse([*number_faults(len(others) + 1), *await self.faults(given(fields), "")])
        position = others[-1][0].position + 1 if others else 0
        target = await self.create(row, fields, position)
        self._touch(row)
        await self._session.flush()
        await self._proof.of([row.id], "/rule", target.id)
        return await self.get(model, target.id)

    async def update(
        self, model: str, target_id: int, fields: msgspec.Struct, if_match: str | None = None
    ) -> StoredTarget:
        """Change the fields that were sent.

        :raises ResourceNotFound: no such model, or no such target under it.
        :raises PreconditionFailed: the target has changed since `if_match`.
        :raises ValidationFailed: unknown provider, or faulty rule.
        :raises RuleTestFailed: a test does not agree with the change.
        """
        row, target = await self._locked(model, target_id, if_match)
        before = self.fields(target)
        values = given(fields)
        refuse(await self.faults(values, ""))
        for name, value in values.items():
            setattr(target, name, value)
        await self._session.flush()
        after = self.fields(target)
        if before != after:
            self._touch(row)
        await self._record("update", target, row.name, before, after)
        await self._session.flush()
        bearing = next((name for name in _BEARING if before[name] != after[name]), None)
        if bearing is not None:
            await self._proof.of([row.id], f"/{bearing}", target_id)
        return await self.get(model, target_id)

    async def remove(self, model: str, target_id: int, if_match: str | None = None) -> None:
        """Take a target away.

        :raises ResourceNotFound: no such model, or no such target under it.
        :raises PreconditionFailed: the target has changed since `if_match`.
        """
        row, target = await self._locked(model, target_id, if_match)
        await self._targets.remove(target)
        await self._record("delete", target, row.name, self.fields(target), None)
        self._touch(row)
        await self._session.flush()

    async def remove_all(self, model: ModelRow) -> None:
        """Take all targets of a model away, which is about to be removed itself."""
        for target, _ in await self._of(model):
            await self._targets.remove(target)
            await self._record("delete", target, model.name, self.fields(target), None)

    async def reorder(self, model: str, target_ids: Sequence[int]) -> list[StoredTarget]:
        """Put the targets of a model in the order of `target_ids`, which names each once.

        :raises ResourceNotFound: no such model.
        :raises ValidationFailed: a target is missing, unknown or named twice.
        :raises RuleTestFailed: a test does not agree with the order.
        """
        await revisions.lock(self._session)
        row = await self._model(model)
        targets = {target.id: target for target, _ in await self._of(row)}
        if sorted(target_ids) != sorted(targets):
            message = "Name each target of the model once."
            refuse([FieldError("/target_ids", "not_the_targets", message, suggestion=str(list(targets)))])
        for position, target_id in enumerate(target_ids):
            targets[target_id].position = position
        if list(targets) != list(target_ids):
            self._touch(row)
        await self._session.flush()
        await revisions.record(
            self._session,
            self._actor,
            action="reorder",
            resource="model",
            resource_id=row.id,
            resource_name=row.name,
            before={"targets": list(targets)},
            after={"targets": list(target_ids)},
        )
        if list(targets) != list(target_ids):
            await self._proof.of([row.id], "/target_ids")
        return await self._of(row)

    async def create(self, model: ModelRow, fields: msgspec.Struct, position: int) -> TargetRow:
        """Store a target whose faults have been looked for."""
        target = TargetRow(model_id=model.id, position=position, grammar=GRAMMAR, **given(fields))
        await self._targets.add(target)
        await self._record("create", target, model.name, None, self.fields(target))
        return target

    async def faults(self, values: dict[str, Any], pointer: str) -> list[FieldError]:
        """What is wrong with the fields of a target; `pointer` leads to the object they are in."""
        found = []
        if "provider_id" in values and await self._providers.by_id(values["provider_id"]) is None:
            found.append(
                FieldError(f"{pointer}/provider_id", "unknown_provider", "There is no such provider.")
            )
        if "rule" in values:
            found += await rule_faults(self._session, values["rule"], f"{pointer}/rule")
        return found

    async def _model(self, name: str) -> ModelRow:
        row = await self._models.by_name(name)
        if row is None:
            raise ResourceNotFound("There is no such model.")
        return row

    async def _of(self, model: ModelRow) -> list[StoredTarget]:
        return (await self._targets.of_models([model.id])).get(model.id, [])

    async def _locked(self, model: str, target_id: int, if_match: str | None) -> tuple[ModelRow, TargetRow]:
        await revisions.lock(self._session)
        target, _ = await self.get(model, target_id)
        check_version(target, if_match)
        return await self._model(model), target

    @staticmethod
    def _touch(model: ModelRow) -> None:
        model.updated_at = utc_now()


def number_faults(count: int, pointer: str = "") -> list[FieldError]:
    if count <= MOST:
        return []
    return [FieldError(pointer, "too_many_targets", f"A model has at most {MOST} targets.")]
