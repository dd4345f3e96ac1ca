"""Replays of stored requests: which rows, what changes, latencies, notes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.common.errors import ResourceNotFound, ValidationFailed
from app.db.session import Database
from app.domain.draft import Draft, DraftTarget
from app.domain.replay import ReplayProgress, ReplayQuestion, ReplayResult
from app.services.replays import PAGE, replay
from tests.support.logs import NOW, write
from tests.support.replays import Replayable, logged, replayable


@pytest.fixture
async def made(database: Database) -> Replayable:
    return await replayable(database)


async def result_of(database: Database, **question: Any) -> ReplayResult:
    steps = [
        step
        async for step in replay(database, ReplayQuestion(**{"model": "chat", "draft": Draft(), **question}))
    ]
    *progress, result = steps
    assert all(isinstance(step, ReplayProgress) for step in progress)
    assert isinstance(result, ReplayResult)
    return result


def only_high(made: Replayable) -> Draft:
    return Draft(targets=(DraftTarget(id=made.targets[0], rule='headers.x-priority == "high"'),))


async def test_changes_carry_counts_samples_and_latency(database: Database, made: Replayable) -> None:
    slow = [logged(made, at=NOW + n, total_time=3.0, first_byte_delay=1.0) for n in range(4)]
    fast = [
        logged(
            made, at=NOW + 10 + n, target_id=made.targets[1], total_time=1.0, headers=[("x-priority", "high")]
        )
        for n in range(2)
    ]
    failed = [logged(made, at=NOW + 20, status=500, total_time=99.0)]
    await write(database, [*slow, *fast, *failed])
    result = await result_of(database, draft=only_high(made))
    assert (result.requests, result.evaluated, result.unchanged, result.changed) == (7, 7, 2, 5)
    (change,) = result.changes
    assert change.before is not None
    assert change.after is not None
    assert (change.before.target_id, change.after.target_id, change.count) == (*made.targets, 5)
    assert change.samples[0] == failed[0].request_id
    assert change.latency is not None
    assert (change.latency.total_ms_median, change.latency.first_byte_ms_median) == (-2000, -800)
    assert [(target.before, target.after, target.lost) for target in result.targets] == [(7, 2, 5), (7, 7, 0)]
    assert result.first_time == datetime.fromtimestamp(NOW, UTC)
    assert result.last_time == datetime.fromtimestamp(NOW + 20, UTC)


async def test_where_requests_lose_all_candidates_it_says_why(database: Database, made: Replayable) -> None:
    await write(database, [logged(made)])
    result = await result_of(database, draft=Draft(rule="exists(body.seed) and not stream"))
    (change,) = result.changes
    assert (change.after, change.latency) == (None, None)
    assert [(each.target, each.refused_by, each.count) for each in change.refusals] == [
        (None, "exists(body.seed)", 1)
    ]


async def test_only_the_newest_matching_rows_are_read(database: Database, made: Replayable) -> None:
    await replayable(database, "other")
    rows = [logged(made, at=NOW + n, status=200 + n) for n in range(6)]
    await write(database, [*rows, logged(made, requested_model="other", at=NOW + 9)])
    for question, expected in (
        ({"last": 2}, 2),
        ({"filter": "status in 201..203"}, 3),
        (
            {
                "start_time": datetime.fromtimestamp(NOW + 1, UTC),
                "end_time": datetime.fromtimestamp(NOW + 2, UTC),
            },
            1,
        ),
        ({}, 6),
    ):
        result = await result_of(database, draft=only_high(made), **question)
        assert result.requests == expected
    newest = await result_of(database, draft=only_high(made), last=2)
    assert newest.changes[0].samples == [rows[5].request_id, rows[4].request_id]


async def test_pages_leave_nothing_out(database: Database, made: Replayable) -> None:
    """More rows than a page, many of one millisecond."""
    await write(database, [logged(made, at=NOW + n // 1500) for n in range(PAGE + 10)])
    steps = [step async for step in replay(database, ReplayQuestion(model="chat", draft=Draft()))]
    assert steps[:3] == [ReplayProgress(n, PAGE + 10) for n in (0, PAGE, PAGE + 10)]
    assert isinstance(steps[3], ReplayResult)
    assert (steps[3].requests, steps[3].unchanged) == (PAGE + 10, PAGE + 10)


async def test_what_is_gone_is_said(database: Database, made: Replayable) -> None:
    await write(database, [logged(made, target_id=77, provider="old", api_key_id=999)])
    draft = Draft(targets=(DraftTarget(id=made.targets[0], rule='api_key.tags contains "beta"'),))
    result = await result_of(database, draft=draft)
    assert (result.not_evaluated, [gap.path for gap in result.gaps]) == (1, ["api_key.tags"])
    assert len(result.notes) == 2
    assert "old" in result.notes[1]


async def test_lists_and_switches_of_the_draft_count(database: Database, made: Replayable) -> None:
    await write(database, [logged(made, headers=[("x-team", "sea")])])
    draft = Draft(
        targets=(
            DraftTarget(id=made.targets[0], is_active=False),
            DraftTarget(id=made.targets[1], rule="headers.x-team in $teams"),
        ),
        lists={"teams": ("sea",)},
    )
    result = await result_of(database, draft=draft)
    assert [(each.before, each.after) for each in result.targets] == [(1, 0), (1, 1)]


async def test_faults_are_found_before_anything_is_read(database: Database, made: Replayable) -> None:
    wrong = Draft(rule="body.temprature > 1", targets=(DraftTarget(id=999, rule=""),))
    with pytest.raises(ValidationFailed) as refused:
        await result_of(database, draft=wrong)
    assert {fault.pointer for fault in refused.value.errors} == {"/draft/rule", "/draft/targets/0/id"}
    with pytest.raises(ValidationFailed):
        await result_of(database, filter="statsu > 1")
    with pytest.raises(ResourceNotFound):
        _ = [step async for step in replay(database, ReplayQuestion(model="missing", draft=Draft()))]
