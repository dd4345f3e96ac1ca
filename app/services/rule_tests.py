"""Tests kept with the rules of a model. They are run by `rule_proof.py` next door; logged requests become tests in
`logged_tests.py`.

A test may be stored while it fails: the test comes first, then the rule that passes it.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, ClassVar, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import FieldError, ResourceNotFound
from app.common.headers import is_credential
from app.db.tables.model import ModelRow
from app.db.tables.rule_test import RuleTestRow
from app.domain.admin import Actor
from app.domain.sample import Sample
from app.protocols.endpoints import ENDPOINTS
from app.repositories.models import ModelRepository
from app.repositories.rule_tests import RuleTestRepository
from app.repositories.targets import TargetRepository
from app.rules.rule_test import Expect, Outcome
from app.services import revisions
from app.services.resource import ResourceService, check_version, given, name_taken, refuse
from app.services.rule_proof import outcomes_of, stored_cases

MOST: Final = 500
"""Tests of one model: each runs whenever a rule of the model is saved."""
_REQUEST_BYTES: Final = 256 * 1024
"""Of a request as JSON."""
_DEPTH: Final = 100
_ENDPOINTS: Final = sorted(endpoint.name for endpoint in ENDPOINTS.values())

RanTest = tuple[RuleTestRow, Outcome]
"""A test, and what comes of it now."""


class RuleTests(ResourceService[RuleTestRow]):
    resource: ClassVar[str] = "rule_test"

    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self._models = ModelRepository(session)
        self._tests = RuleTestRepository(session)

    async def page(self, model: str, *, page: int, page_size: int) -> tuple[list[RanTest], int]:
        """Tests in the order they were made.

        :raises ResourceNotFound: no such model.
        """
        row = await self.model(model)
        tests, total = await self._tests.page(
            *self._tests.under(row.id), sort="id", page=page, page_size=page_size
        )
        return await self._run(row, tests), total

    async def run(self, model: str) -> list[RanTest]:
        """All tests of a model.

        :raises ResourceNotFound: no such model.
        """
        row = await self.model(model)
        return await self._run(row, (await self._tests.of_models([row.id])).get(row.id, []))

    async def get(self, model: str, test_id: int) -> RanTest:
        """:raises ResourceNotFound: no such model, or no such test of it."""
        row = await self.model(model)
        return (await self._run(row, [await self._test(row, test_id)]))[0]

    async def create(self, model: str, fields: msgspec.Struct) -> RanTest:
        """`store` a test, and run it."""
        test = await self.store(model, fields)
        return (await self._run(await self.model(model), [test]))[0]

    async def store(self, model: str, fields: msgspec.Struct) -> RuleTestRow:
        """
        :param fields: `name`, `request` (a Sample) and `expect` (an Expect).
        :raises ResourceNotFound: no such model.
        :raises Conflict: `name_taken`.
        :raises ValidationFailed: a request that no client could send, an empty expectation, or too many tests.
        """
        values = given(fields)
        await revisions.lock(self._session)
        row = await self.model(model)
        refuse(_faults(values, model))
        if await self._tests.count_of(row.id) >= MOST:
            refuse([FieldError("", "too_many_tests", f"A model has at most {MOST} tests.")])
        if await self._tests.named(row.id, values["name"]) is not None:
            raise name_taken()
        test = await self._tests.add(RuleTestRow(model_id=row.id, **_columns(values)))
        await self._record("create", test, row.name, None, self.fields(test))
        return test

    async def update(
        self, model: str, test_id: int, fields: msgspec.Struct, if_match: str | None = None
    ) -> RanTest:
        """`change` a test, and run it."""
        test = await self.change(model, test_id, fields, if_match)
        return (await self._run(await self.model(model), [test]))[0]

    async def change(
        self, model: str, test_id: int, fields: msgspec.Struct, if_match: str | None = None
    ) -> RuleTestRow:
        """Change the fields that were sent, each as a whole.

        :raises ResourceNotFound: no such model, or no such test of it.
        :raises PreconditionFailed: it has changed since `if_match`.
        :raises Conflict: `name_taken`.
        :raises ValidationFailed: as for `store`.
        """
        values = given(fields)
        row, test = await self._locked(model, test_id, if_match)
        refuse(_faults(values, model))
        before = self.fields(test)
        if (
            values.get("name", test.name) != test.name
            and await self._tests.named(row.id, values["name"]) is not None
        ):
            raise name_taken()
        for name, value in _columns(values).items():
            setattr(test, name, value)
        await self._session.flush()
        await self._record("update", test, row.name, before, self.fields(test))
        return test

    async def delete(self, model: str, test_id: int, if_match: str | None = None) -> None:
        """
        :raises ResourceNotFound: no such model, or no such test of it.
        :raises PreconditionFailed: it has changed since `if_match`.
        """
        row, test = await self._locked(model, test_id, if_match)
        await self._tests.remove(test)
        await self._record("delete", test, row.name, self.fields(test), None)

    @classmethod
    async def carry_over(
        cls, session: AsyncSession, actor: Actor, provider_id: int, old: str, new: str
    ) -> None:
        """Let tests name the targets of a provider by its new name."""
        service = cls(session, actor)
        targets = await TargetRepository(session).of_provider(provider_id)
        names: dict[int, dict[str, str]] = defaultdict(dict)
        for model_id, target_model in targets:
            names[model_id] |= {old: new, f"{old}/{target_model}": f"{new}/{target_model}"}
        tests = await service._tests.of_models(names)
        for model in await service._models.by_ids(tests):
            for test in tests[model.id]:
                before = service.fields(test)
                test.expect = {
                    key: [names[model.id].get(name, name) for name in expected]
                    for key, expected in test.expect.items()
                }
                await session.flush()
                await service._record("update", test, model.name, before, service.fields(test))

    async def model(self, name: str) -> ModelRow:
        """:raises ResourceNotFound: no such model."""
        row = await self._models.by_name(name)
        if row is None:
            raise ResourceNotFound("There is no such model.")
        return row

    async def _test(self, model: ModelRow, test_id: int) -> RuleTestRow:
        test = await self._tests.by_id(test_id)
        if test is None or test.model_id != model.id:
            raise self._not_found()
        return test

    async def _locked(self, model: str, test_id: int, if_match: str | None) -> tuple[ModelRow, RuleTestRow]:
        await revisions.lock(self._session)
        row = await self.model(model)
        test = await self._test(row, test_id)
        check_version(test, if_match)
        return row, test

    async def _run(self, model: ModelRow, tests: Sequence[RuleTestRow]) -> list[RanTest]:
        if not tests:
            return []
        outcomes = await outcomes_of(self._session, model, stored_cases(tests))
        return list(zip(tests, outcomes, strict=True))


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """In the types JSON has, as they are read back."""
    columns: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(values))
    return columns


def _faults(values: dict[str, Any], model: str) -> list[FieldError]:
    found = _request_faults(values["request"], model) if "request" in values else []
    expect: Expect | None = values.get("expect")
    if expect is not None and expect.is_empty:
        message = "Expect something: `candidates`, `includes` or `excludes`."
        found.append(FieldError("/expect", "nothing_expected", message))
    return found


def _request_faults(request: Sample, model: str) -> list[FieldError]:
    found = []
    if request.body.get("model", model) != model:
        message = f"The test is for the model `{model}`; leave `model` out of the body."
        found.append(FieldError("/request/body/model", "other_model", message))
    if request.endpoint not in _ENDPOINTS:
        known = ", ".join(f"`{name}`" for name in _ENDPOINTS)
        found.append(
            FieldError(
                "/request/endpoint",
                "unknown_endpoint",
                "There is no such route.",
                suggestion=f"known are {known}",
            )
        )
    if any(is_credential(name.lower().encode()) for name in request.headers):
        message = (
            "Leave headers with credentials out: rules can't read them, and tests are no place to keep them."
        )
        found.append(FieldError("/request/headers", "credential_header", message))
    if _deeper(request.body, _DEPTH):
        found.append(FieldError("/request/body", "too_deep", f"The body nests more than {_DEPTH} deep."))
    elif len(msgspec.json.encode(request)) > _REQUEST_BYTES:
        message = f"A request of a test has at most {_REQUEST_BYTES // 1024} KiB as JSON."
        found.append(FieldError("/request", "too_large", message))
    return found


def _deeper(value: Any, levels: int) -> bool:
    """Lists and objects are in one another in more than so many levels."""
    if not isinstance(value, dict | list):
        return False
    below = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(item, levels - 1) for item in below)
