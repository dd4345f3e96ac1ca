"""Replays drafted rules over logged requests. `replay_report.py` next door words the outcome; `replay_process.py` runs
it all in a process of its own, where it can't hold up requests.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import FieldError, ResourceNotFound, ValidationFailed
from app.db.session import Database
from app.domain.api_key import ApiKey
from app.domain.replay import ReplayProgress, ReplayQuestion, ReplayResult
from app.repositories.log_filters import LogFilter
from app.repositories.replays import ReplayRepository
from app.repositories.request_logs import Position, RequestLogRepository
from app.rules.diagnostics import RuleError
from app.rules.replay import LoggedRequest, Replay, ReplayTarget, RuleSide
from app.services.explain import drafted
from app.services.history import Configuration, PastModel, configuration
from app.services.log_samples import endpoint_of
from app.services.log_search import condition
from app.services.replay_report import Window, report

PAGE: Final = 2000
"""Rows read at once; progress is told after each page."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Lists = Mapping[str, frozenset[str]]


class Plan(msgspec.Struct, frozen=True):
    """A question that can be answered."""

    question: ReplayQuestion
    wanted: LogFilter
    live: RuleSide
    draft: RuleSide
    past: Configuration
    notes: list[str]


async def prepare(session: AsyncSession, question: ReplayQuestion) -> Plan:
    """
    :raises ResourceNotFound: no such model.
    :raises ValidationFailed: a faulty draft or filter, or rules in force that can't be read any more.
    """
    past = await configuration(session)
    model = past.model(question.model)
    if model is None:
        raise ResourceNotFound("There is no such model.")
    lists = past.lists()
    new_model, new_lists = drafted(model, lists, question.draft)
    wanted = LogFilter(
        requested_model=model.name,
        start_time=_milliseconds(question.start_time),
        end_time=_milliseconds(question.end_time),
        condition=await condition(session, question.filter),
    )
    notes = [] if model.is_active else ["The model is switched off; it is replayed as if it were not."]
    return Plan(question, wanted, _side(model, lists), _side(new_model, new_lists), past, notes)


async def replay(
    database: Database, question: ReplayQuestion
) -> AsyncIterator[ReplayProgress | ReplayResult]:
    """Progress again and again, and the result at the end. Each page is read in a transaction of its own, so that none
    is open for long.

    :raises ResourceNotFound, ValidationFailed: as `prepare` does.
    """
    async with database.read() as session:
        plan = await prepare(session, question)
        total = await RequestLogRepository(session).count(plan.wanted, "-request_time", None, question.last)
    counts, window, keys = Replay(plan.live, plan.draft), Window(), _Keys(plan.past)
    targets = {target.id for target in plan.live.targets}
    before: Position | None = None
    yield ReplayProgress(0, total)
    while window.requests < total:
        async with database.read() as session:
            rows = await ReplayRepository(session).page(
                plan.wanted, before, min(PAGE, total - window.requests)
            )
        if not rows:
            break  # removed by retention in the meantime
        for row in rows:
            _add(counts, window, keys, targets, question.model, row)
        before = Position(rows[-1].request_time, rows[-1].request_id)
        yield ReplayProgress(window.requests, total)
    yield report(question.model, plan.live, plan.draft, counts, window, plan.notes)


def _add(
    counts: Replay,
    window: Window,
    keys: "_Keys",
    targets: set[int],
    model: str,
    row: Row[tuple[Any, ...]],
) -> None:
    request_id, time, path, protocol, is_stream, key_id, key_name, client_ip, tokens, facts, *answer = row
    key, is_gone = keys.find(key_id, key_name)
    counts.add(
        LoggedRequest(
            request_id,
            endpoint_of(path),
            protocol,
            model,
            is_stream,
            key,
            is_gone,
            client_ip,
            time / 1000,
            tokens,
            facts,
        )
    )
    target_id, provider, has_error, total_ms, first_byte_ms = answer
    window.requests += 1
    window.oldest = time
    if window.newest is None:
        window.newest = time
    if target_id is None:
        return
    if target_id not in targets:
        window.gone[provider or "?"] += 1
    elif not has_error:
        window.measure(target_id, total_ms, first_byte_ms)


class _Keys:
    """API keys as rules see them, with the name they had and the tags they have."""

    def __init__(self, past: Configuration) -> None:
        self._past = past
        self._known: dict[tuple[int, str | None], tuple[ApiKey, bool]] = {}

    def find(self, key_id: int | None, name: str | None) -> tuple[ApiKey | None, bool]:
        """The key, and whether it was removed since."""
        if key_id is None:
            return None, False
        found = self._known.get((key_id, name))
        if found is None:
            fields = self._past.api_key(key_id)
            key = ApiKey(
                key_id,
                name or "",
                tags=tuple(fields["tags"]) if fields else (),
                metadata=fields["labels"] if fields else {},
            )
            found = self._known[key_id, name] = key, fields is None
        return found


def _side(model: PastModel, lists: Lists) -> RuleSide:
    targets = [
        ReplayTarget(target.id, target.provider, target.protocol, target.rule)
        for target in model.targets
        if target.is_active
    ]
    try:
        return RuleSide(model.rule, targets, lists)
    except RuleError as error:
        faults = tuple(
            FieldError("/model", found.code, found.message, span=found.span) for found in error.diagnostics
        )
        raise ValidationFailed("A rule of the model can't be read.", errors=faults) from None


def _milliseconds(time: datetime | None) -> int | None:
    """Since the epoch, rounded up: a row's time is whole milliseconds."""
    return None if time is None else -((_EPOCH - time) // timedelta(milliseconds=1))
