"""Logged requests as tests of the rules: what `rule_tests.py` next door stores, made from what the log has."""

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import FieldError, ValidationFailed
from app.domain.admin import Actor
from app.domain.attempt import Verdict
from app.domain.sample import Sample
from app.repositories.targets import TargetRepository
from app.rules.rule_test import Expect
from app.services.log_samples import sample_of
from app.services.log_traces import read_trace
from app.services.request_logs import RequestLogs
from app.services.rule_tests import RanTest, RuleTests
from app.services.targets import StoredTarget


class _Fields(msgspec.Struct, frozen=True):
    name: str
    request: Sample
    expect: Expect


class LoggedTest(msgspec.Struct, frozen=True):
    """A stored test, and the paths of what the log does not know of its request."""

    test: RanTest
    missing: list[str]


class LoggedTests:
    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        self._session = session
        self._tests = RuleTests(session, actor)

    async def create(self, model: str, request_id: str, name: str | None) -> LoggedTest:
        """Make a test of a logged request: the rules shall let through whom they let through then.

        :raises ResourceNotFound: no such model, or no such request in the log.
        :raises Conflict: `name_taken`.
        :raises ValidationFailed: the request was for another model, or was not put to the rules.
        """
        row = await self._tests.model(model)
        log, _ = await RequestLogs(self._session).one(request_id)
        targets = (await TargetRepository(self._session).of_models([row.id])).get(row.id, [])
        trace = read_trace(log.trace)
        expect = _expectation(trace, targets)
        if expect is None:
            message = (
                f"The rules of `{model}` were not asked about this request, or all its targets have gone."
            )
            raise ValidationFailed(message, errors=(FieldError("/request_id", "other_model", message),))
        logged = await sample_of(self._session, request_id)
        body = {key: value for key, value in logged.sample.body.items() if key != "model"}
        request = msgspec.structs.replace(logged.sample, body=body)
        test = await self._tests.create(model, _Fields(name or f"request {request_id}", request, expect))
        return LoggedTest(test, logged.missing)


def _expectation(trace: Sequence[Verdict], targets: Sequence[StoredTarget]) -> Expect | None:
    """All of today's targets where the trace has them all; else what it says of those that are still there."""
    offered = all(verdict.passed for verdict in trace if verdict.target_id is None)
    verdicts = {verdict.target_id: verdict for verdict in trace}
    known = [(target, provider) for target, provider in targets if target.id in verdicts]
    if not known:
        return None
    providers = [provider for _, provider in targets]
    took: list[str] = []
    refused: list[str] = []
    for target, provider in known:
        name = f"{provider}/{target.target_model}" if providers.count(provider) > 1 else provider
        verdict = verdicts[target.id]
        # A protocol the provider does not speak is no matter of rules.
        passed = offered and (verdict.passed or verdict.refused_by == "protocol")
        (took if passed else refused).append(name)
    if len(known) == len(targets):
        return Expect(candidates=tuple(took))
    return Expect(includes=tuple(took), excludes=tuple(refused))
