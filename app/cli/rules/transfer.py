"""`llm-gateway rules export` and `import`: rules, named lists and tests between the database and a YAML file.

An import goes through the services of the admin API, in one transaction: faults and failing tests refuse all of it.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.model import ModelUpdate
from app.api.admin.schemas.named_list import NamedListCreate, NamedListUpdate
from app.api.admin.schemas.rule_test import RuleTestCreate, RuleTestUpdate
from app.api.admin.schemas.target import TargetUpdate
from app.cli.database import opened
from app.cli.rules import rule_changes
from app.cli.rules.output import print_json
from app.cli.rules.rule_file import (
    FaultyFile,
    FileList,
    FileModel,
    FileTarget,
    FileTest,
    RuleFile,
    dump,
    load,
)
from app.common.errors import FieldError, ResourceNotFound, ValidationFailed
from app.common.yaml_text import escape
from app.config import load as load_settings
from app.domain.admin import Actor, ActorKind
from app.repositories.models import ModelRepository
from app.repositories.named_lists import NamedListRepository
from app.repositories.rule_tests import RuleTestRepository
from app.repositories.targets import TargetRepository
from app.services import revisions
from app.services.models import Models
from app.services.named_lists import NamedLists
from app.services.resource import refuse
from app.services.rule_proof import Proof, prove, read_expect, read_sample
from app.services.rule_tests import RuleTests
from app.services.targets import Targets

_ACTOR = Actor(ActorKind.COMMAND, "rules import")


def export() -> int:
    """Print everything as YAML."""
    sys.stdout.write(dump(asyncio.run(_export())))
    return 0


def import_file(path: Path, *, dry_run: bool, as_json: bool) -> int:
    """Apply a file, or only say what that would change.

    :returns: 1 where faults or failing tests refuse it.
    """
    try:
        changes = asyncio.run(_import(path, dry_run=dry_run))
    except FaultyFile as error:
        print(error, file=sys.stderr)
        return 1
    if as_json:
        print_json(changes)
    else:
        print("\n".join(map(rule_changes.shown, changes)) or "Nothing changes.")
    return 0


async def _export() -> RuleFile:
    async with opened(load_settings()) as (database, _), database.read() as session:
        return await stored(session)


async def _import(path: Path, *, dry_run: bool) -> list[rule_changes.Change]:
    file = load(path)
    async with opened(load_settings()) as (database, _):
        try:
            async with database.transaction() as session:
                await revisions.lock(session)
                before = await stored(session)
                await _Import(session).run(file.content)
                changes = rule_changes.between(before, await stored(session))
                if dry_run:
                    raise _DryRunError
        except _DryRunError:
            pass
        except ValidationFailed as error:
            raise file.faulty(error) from None
    return changes


class _DryRunError(Exception):
    """Ends the transaction without its changes."""


async def stored(session: AsyncSession) -> RuleFile:
    """What the database has."""
    lists = await NamedListRepository(session).all_by_name()
    models = await ModelRepository(session).all_by_name()
    targets = await TargetRepository(session).of_models([row.id for row in models])
    tests = await RuleTestRepository(session).of_models()
    return RuleFile(
        lists={row.name: FileList(entries=row.entries, notes=row.notes) for row in lists},
        models={
            row.name: FileModel(
                rule=row.rule,
                targets=[
                    FileTarget(provider=provider, target_model=target.target_model, rule=target.rule)
                    for target, provider in targets.get(row.id, [])
                ],
                tests=[
                    FileTest(
                        name=test.name, request=read_sample(test.request), expect=read_expect(test.expect)
                    )
                    for test in tests.get(row.id, [])
                ],
            )
            for row in models
        },
    )


class _Import:
    """One import, in the transaction of its session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._proof = Proof(session, deferred=True)
        self._faults: list[FieldError] = []
        self._blame: dict[int, str] = {}
        """By model its place in the file."""
        self._places: dict[int, str] = {}
        """By test its place in the file."""

    async def run(self, content: RuleFile) -> None:
        """Make the database agree with the content.

        :raises ValidationFailed: with pointers into the content.
        """
        for name, wanted in content.lists.items():
            await self._list(name, wanted)
        for name, model in content.models.items():
            try:
                row, _ = await Models(self._session, _ACTOR).get(name)
            except ResourceNotFound:
                message = "There is no such model; an import makes none."
                self._faults.append(FieldError(f"/models/{escape(name)}", "unknown_model", message))
                continue
            self._blame[row.id] = f"/models/{escape(name)}"
            await self._model(name, model)
        refuse(self._faults)
        concerned = dict.fromkeys(self._proof.concerned, "/lists")
        await prove(self._session, {**concerned, **self._blame}, test_pointers=self._places)

    async def _list(self, name: str, wanted: FileList) -> None:
        service = NamedLists(self._session, _ACTOR, self._proof)
        with self._rebased(f"/lists/{escape(name)}"):
            if await NamedListRepository(self._session).by_name(name) is None:
                await service.create(NamedListCreate(name=name, entries=wanted.entries, notes=wanted.notes))
            else:
                await service.update(name, NamedListUpdate(entries=wanted.entries, notes=wanted.notes))

    async def _model(self, name: str, wanted: FileModel) -> None:
        place = f"/models/{escape(name)}"
        if wanted.rule is not msgspec.UNSET:
            with self._rebased(place):
                await Models(self._session, _ACTOR, self._proof).update(name, ModelUpdate(rule=wanted.rule))
        if wanted.targets is not msgspec.UNSET:
            await self._targets(name, wanted.targets, f"{place}/targets")
        if wanted.tests is not msgspec.UNSET:
            await self._tests(name, wanted.tests, f"{place}/tests")

    async def _targets(self, model: str, wanted: list[FileTarget], place: str) -> None:
        service = Targets(self._session, _ACTOR, self._proof)
        ids: dict[tuple[str, str], list[int]] = defaultdict(list)
        rules: dict[int, str] = {}
        for target, provider in await service.of_model(model):
            ids[provider, target.target_model].append(target.id)
            rules[target.id] = target.rule
        for index, given in enumerate(wanted):
            left = ids[given.provider, given.target_model]
            if not left:
                message = (
                    f"The model has no such target, or not so often: `{given.provider}/{given.target_model}`."
                )
                self._faults.append(FieldError(f"{place}/{index}", "unknown_target", message))
                continue
            target_id = left.pop(0)
            if rules[target_id] != given.rule:
                with self._rebased(f"{place}/{index}"):
                    await service.update(model, target_id, TargetUpdate(rule=given.rule))

    async def _tests(self, model: str, wanted: list[FileTest], place: str) -> None:
        service = RuleTests(self._session, _ACTOR)
        model_id = (await service.model(model)).id
        tests = (await RuleTestRepository(self._session).of_models([model_id])).get(model_id, [])
        ids = {test.name: test.id for test in tests}
        names = [test.name for test in wanted]
        for name in ids.keys() - set(names):
            await service.delete(model, ids[name])
        for index, test in enumerate(wanted):
            with self._rebased(f"{place}/{index}"):
                if test.name in names[:index]:
                    refuse([FieldError("/name", "name_taken", "Another test of the model has this name.")])
                if test.name in ids:
                    fields = RuleTestUpdate(request=test.request, expect=test.expect)
                    row = await service.change(model, ids[test.name], fields)
                else:
                    made = RuleTestCreate(name=test.name, request=test.request, expect=test.expect)
                    row = await service.store(model, made)
                self._places[row.id] = f"{place}/{index}"

    @contextmanager
    def _rebased(self, place: str) -> Iterator[None]:
        """Keep the faults of one change for later, with pointers into the file."""
        try:
            yield
        except ValidationFailed as error:
            self._faults += [
                msgspec.structs.replace(fault, pointer=place + fault.pointer) for fault in error.errors
            ]
