"""Models: the public names clients ask for, each with its targets (`targets.py` next door changes those)."""

from typing import Any, ClassVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import FieldError
from app.db.tables.model import ModelRow
from app.domain.admin import Actor
from app.repositories.models import ModelRepository
from app.repositories.targets import TargetRepository
from app.rules.engine import GRAMMAR
from app.services import revisions
from app.services.api_keys import ApiKeys
from app.services.resource import ResourceService, check_version, given, name_taken, refuse
from app.services.rule_faults import rule_faults
from app.services.rule_proof import Proof
from app.services.targets import StoredTarget, Targets, number_faults

StoredModel = tuple[ModelRow, list[StoredTarget]]
"""A model, and its targets in their order."""


class Models(ResourceService[ModelRow]):
    resource: ClassVar[str] = "model"

    def __init__(self, session: AsyncSession, actor: Actor, proof: Proof | None = None) -> None:
        super().__init__(session, actor)
        self._proof = proof or Proof(session)
        self._models = ModelRepository(session)
        self._stored_targets = TargetRepository(session)
        self._targets = Targets(session, actor, self._proof)

    async def page(
        self, *, search: str | None, is_active: bool | None, sort: str, page: int, page_size: int
    ) -> tuple[list[StoredModel], int]:
        where = self._models.matching(search=search, is_active=is_active)
        rows, total = await self._models.page(*where, sort=sort, page=page, page_size=page_size)
        targets = await self._stored_targets.of_models([row.id for row in rows])
        return [(row, targets.get(row.id, [])) for row in rows], total

    async def get(self, name: str) -> StoredModel:
        """:raises ResourceNotFound:"""
        row = await self._row(name)
        return row, await self._targets.of_model(name)

    async def create(self, fields: msgspec.Struct) -> StoredModel:
        """Store a model with its targets, all or nothing.

        :param fields: columns of the table, and `targets`: structs with the columns of theirs.
        :raises Conflict: `name_taken`.
        :raises ValidationFailed: a faulty rule, an unknown provider, or too many targets.
        """
        values = given(fields)
        targets = values.pop("targets", ())
        await revisions.lock(self._session)
        if await self._models.by_name(values["name"]) is not None:
            raise name_taken()
        faults = [*await self._rule_faults(values), *number_faults(len(targets), "/targets")]
        for place, target in enumerate(targets):
            faults += await self._targets.faults(given(target), f"/targets/{place}")
        refuse(faults)
        row = await self._models.add(ModelRow(grammar=GRAMMAR, **values))
        await self._record("create", row, row.name, None, self.fields(row))
        for position, target in enumerate(targets):
            await self._targets.create(row, target, position)
        return await self.get(row.name)

    async def update(self, name: str, fields: msgspec.Struct, if_match: str | None = None) -> StoredModel:
        """Change the fields that were sent. A new name is carried over to the API keys that allow the old one.

        :raises ResourceNotFound:
        :raises PreconditionFailed: it has changed since `if_match`.
        :raises Conflict: `name_taken`.
        :raises ValidationFailed: a faulty rule.
        :raises RuleTestFailed: a test does not agree with the rule.
        """
        values = given(fields)
        row = await self._locked(name, if_match)
        refuse(await self._rule_faults(values))
        before = self.fields(row)
        renamed = values.get("name", name) != name
        if renamed and await self._models.by_name(values["name"]) is not None:
            raise name_taken()
        for field, value in values.items():
            setattr(row, field, value)
        await self._session.flush()
        await self._record("update", row, row.name, before, self.fields(row))
        if renamed:
            await ApiKeys.carry_over(self._session, self._actor, name, row.name)
        if renamed or before["rule"] != row.rule:
            await self._proof.of([row.id], "/rule" if before["rule"] != row.rule else "/name")
        return await self.get(row.name)

    async def delete(self, name: str, if_match: str | None = None) -> None:
        """Remove a model and its targets.

        :raises ResourceNotFound:
        :raises PreconditionFailed: it has changed since `if_match`.
        """
        row = await self._locked(name, if_match)
        await self._targets.remove_all(row)  # not left to the database: history has to know of each
        await self._models.remove(row)
        await self._record("delete", row, row.name, self.fields(row), None)

    async def _row(self, name: str) -> ModelRow:
        row = await self._models.by_name(name)
        if row is None:
            raise self._not_found()
        return row

    async def _locked(self, name: str, if_match: str | None) -> ModelRow:
        await revisions.lock(self._session)
        row = await self._row(name)
        check_version(row, if_match)
        return row

    async def _rule_faults(self, values: dict[str, Any]) -> list[FieldError]:
        return await rule_faults(self._session, values["rule"], "/rule") if "rule" in values else []
