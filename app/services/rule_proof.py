"""Running the tests of a model on the configuration as the current transaction has it; a failing one refuses a change.

Tests are asked of the rules alone, over all stored targets: switching one off never breaks a test.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import FieldError, RuleTestFailed
from app.db.tables.model import ModelRow
from app.db.tables.rule_test import RuleTestRow
from app.domain.model import Model, Retry, Strategy, Target
from app.domain.provider import Protocol, Provider, Timeouts
from app.domain.sample import Sample
from app.gateway.tokens import count_request
from app.repositories.models import ModelRepository
from app.repositories.named_lists import NamedListRepository
from app.repositories.rule_tests import RuleTestRepository
from app.repositories.targets import TargetRepository
from app.rules import rule_test
from app.rules.context import Facts
from app.rules.diagnostics import RuleError, Severity
from app.rules.engine import Lists, RuleSet, check
from app.rules.list_names import list_names
from app.rules.rule_test import Expect, Outcome
from app.rules.sample import facts_of

_LISTED: Final = 50
"""Failing tests that a refusal lists..."""
_NAMED: Final = 5
"""...and that its one sentence tells of; refusing rules that the message of a test tells of."""
_RETRY: Final = Retry(1, 0.0, 0.0, 1)
_TIMEOUTS: Final = Timeouts(0.0, 0.0, 0.0, 0.0)


Case = tuple[Sample, Expect]
"""What a test asks."""


class Proof:
    """Where the services of models, targets and lists report changes that bear on tests, which are run then.

    :param deferred: the caller runs them: more changes are to come in the same transaction.
    """

    def __init__(self, session: AsyncSession, *, deferred: bool = False) -> None:
        self._session = session
        self._deferred = deferred
        self.concerned: set[int] = set()
        """Models whose rules have changed."""

    async def of(self, model_ids: Collection[int], pointer: str, target_id: int | None = None) -> None:
        """The rules of these models have changed by the field at `pointer`; of a target where `target_id` says so.

        :raises RuleTestFailed:
        """
        self.concerned.update(model_ids)
        if not self._deferred:
            await prove(self._session, dict.fromkeys(model_ids, pointer), target_id)


async def prove(
    session: AsyncSession,
    pointers: Mapping[int, str],
    target_id: int | None = None,
    test_pointers: Mapping[int, str] | None = None,
) -> None:
    """Run all tests of some models.

    :param pointers: by model the field to blame.
    :param target_id: the rule at the pointer is this target's; None: the model's own, if it is a rule.
    :param test_pointers: by test what to blame instead.
    :raises RuleTestFailed: naming the tests, what was expected, what came and what refused.
    """
    tests = await RuleTestRepository(session).of_models(pointers) if pointers else {}
    faults = []
    for row in await ModelRepository(session).by_ids(tests):
        cases = stored_cases(tests[row.id])
        try:
            outcomes = await run_tests(session, row, cases)
        except RuleError:  # another rule of the model is wrong: what fails whatever that one says, fails
            pairs = [await run_tests(session, row, cases, stand_in) for stand_in in ("", "false")]
            outcomes = [one if one.passed else other for one, other in zip(*pairs, strict=True)]
        for test, outcome in zip(tests[row.id], outcomes, strict=True):
            if not outcome.passed:
                pointer = (test_pointers or {}).get(test.id, pointers[row.id])
                refusals = [refusal for refusal in outcome.refusals if refusal.target_id == target_id]
                span = refusals[0].span if refusals and pointer.endswith("/rule") else None
                message = f"Test `{test.name}` of model `{row.name}` fails: {reason(outcome)}"
                faults.append(FieldError(pointer, RuleTestFailed.code, message, span))
    if faults:
        more = f" And {len(faults) - _NAMED} more." if len(faults) > _NAMED else ""
        detail = " ".join(fault.message for fault in faults[:_NAMED]) + more
        raise RuleTestFailed(detail, errors=tuple(faults[:_LISTED]))


def reason(outcome: Outcome) -> str:
    """Why a test fails: what was expected, what came, and what refused."""
    refused = [
        f"{'the model' if refusal.target is None else f'`{refusal.target}`'} by `{refusal.refused_by}`"
        for refusal in outcome.refusals[:_NAMED]
    ]
    by = f" Refused: {', '.join(refused)}." if refused else ""
    return f"{outcome.message}.{by}"


def stored_cases(tests: Sequence[RuleTestRow]) -> list[Case]:
    """From the columns of the table."""
    return [(read_sample(test.request), read_expect(test.expect)) for test in tests]


async def outcomes_of(session: AsyncSession, row: ModelRow, tests: Sequence[Case]) -> list[Outcome]:
    """As `run_tests`, but with rules that are wrong all tests fail."""
    try:
        return await run_tests(session, row, tests)
    except RuleError as error:
        message = f"the rules of the model can't be compiled: {error}"
        return [Outcome(passed=False, candidates=(), refusals=(), unknown=(), message=message) for _ in tests]


async def run_tests(
    session: AsyncSession, row: ModelRow, tests: Sequence[Case], stand_in: str | None = None
) -> list[Outcome]:
    """The outcome of each test under a model, which its request asks for.

    :param stand_in: a rule in the place of each that is wrong.
    :raises RuleError: a rule of the model is wrong, which a change past the services can bring about.
    """
    model = await _model(session, row)
    names = frozenset().union(*map(list_names, _texts(model)))
    lists = await NamedListRepository(session).entries(names) if names else {}
    if stand_in is not None:
        model = _mended(model, lists, stand_in)
    rules = await asyncio.to_thread(RuleSet, model, lists)
    cases: list[tuple[Facts, Expect]] = []
    for sample, expect in tests:
        facts = facts_of(msgspec.structs.replace(sample, body={**sample.body, "model": row.name}))
        if rules.needs_tokens and facts.input_tokens is None:
            facts.input_tokens, _ = await count_request(facts.endpoint, facts.raw_body, facts.model)
        cases.append((facts, expect))
    return await asyncio.to_thread(_run, model, rules, cases)


def _mended(model: Model, lists: Lists, stand_in: str) -> Model:
    def mended(rule: str) -> str:
        wrong = any(found.severity is Severity.ERROR for found in check(rule, lists))
        return stand_in if wrong else rule

    targets = tuple(msgspec.structs.replace(target, rule=mended(target.rule)) for target in model.targets)
    return msgspec.structs.replace(model, rule=mended(model.rule), targets=targets)


def _run(model: Model, rules: RuleSet, cases: Iterable[tuple[Facts, Expect]]) -> list[Outcome]:
    return [rule_test.run(model.targets, rules, facts, expect) for facts, expect in cases]


def read_sample(request: Any) -> Sample:
    """From the column of the table."""
    return msgspec.convert(request, Sample)


def read_expect(expect: Any) -> Expect:
    """From the column of the table."""
    return msgspec.convert(expect, Expect)


def _texts(model: Model) -> tuple[str, ...]:
    return model.rule, *(target.rule for target in model.targets)


async def _model(session: AsyncSession, row: ModelRow) -> Model:
    """The model as its rules and tests see it: every target, and nothing of how requests are sent."""
    stored = (await TargetRepository(session).of_models([row.id])).get(row.id, [])
    targets = tuple(
        Target(
            id=target.id,
            provider=Provider(
                target.provider_id,
                provider,
                Protocol.OPENAI,
                base_url="",
                credential=None,
                headers=(),
                timeouts=_TIMEOUTS,
            ),
            target_model=target.target_model,
            rule=target.rule,
            priority=target.priority,
            weight=target.weight,
        )
        for target, provider in stored
    )
    return Model(
        row.id, row.name, row.rule, Strategy(row.strategy), _RETRY, targets, row.created_at.timestamp()
    )
