"""Replays over the admin API: the child process, both kinds of answer, refusals."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from app.db.session import Database
from app.domain.replay import ReplayProgress, ReplayResult
from tests.support.live import Live
from tests.support.logs import NOW, write
from tests.support.replays import Replayable, logged, replayable

RULE = 'headers.x-priority == "high"'


@pytest.fixture
async def made(both: Live) -> Replayable:
    assert both.gateway.services is not None
    database: Database = both.gateway.services.database
    made = await replayable(database)
    high = [logged(made, at=NOW + n, headers=[("x-priority", "high")]) for n in range(3)]
    await write(database, [*high, *(logged(made, at=NOW + 10 + n) for n in range(2))])
    return made


def question(made: Replayable, **changes: Any) -> dict[str, Any]:
    return {"model": "chat", "draft": {"targets": [{"id": made.targets[0], "rule": RULE}]}, **changes}


async def test_the_result_comes_as_one_answer(api: httpx.AsyncClient, made: Replayable) -> None:
    answer = await api.post("/rules/replay", json=question(made), timeout=60)
    assert answer.status_code == 200, answer.text
    result = msgspec.json.decode(answer.content, type=ReplayResult)
    assert (result.requests, result.unchanged, result.changed) == (5, 3, 2)
    assert [change.count for change in result.changes] == [2]


async def test_or_as_lines_with_progress(api: httpx.AsyncClient, made: Replayable) -> None:
    headers = {"accept": "application/x-ndjson"}
    answer = await api.post("/rules/replay", json=question(made, last=4), headers=headers, timeout=60)
    assert answer.headers["content-type"] == "application/x-ndjson"
    *progress, result = answer.content.splitlines()
    assert [msgspec.json.decode(line, type=ReplayProgress) for line in progress] == [
        ReplayProgress(0, 4),
        ReplayProgress(4, 4),
    ]
    assert msgspec.json.decode(result, type=ReplayResult).requests == 4


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"model": "missing"}, 404, None),
        ({"draft": {"rule": "body.temprature > 1"}}, 422, "/draft/rule"),
        ({"draft": {"targets": [{"id": 999, "rule": ""}]}}, 422, "/draft/targets/0/id"),
        ({"filter": "statsu > 1"}, 422, "/filter"),
        ({"last": 0}, 422, "/last"),
        ({"lasst": 5}, 422, "/lasst"),
    ],
)
async def test_faulty_questions_start_nothing(
    api: httpx.AsyncClient, made: Replayable, changes: dict[str, Any], status: int, pointer: str | None
) -> None:
    answer = await api.post("/rules/replay", json=question(made, **changes))
    assert answer.status_code == status
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ([] if pointer is None else [pointer])


async def test_one_runs_at_a_time(api: httpx.AsyncClient, made: Replayable) -> None:
    answers = await asyncio.gather(
        *(api.post("/rules/replay", json=question(made), timeout=60) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "replay_running"
    again = await api.post("/rules/replay", json=question(made), timeout=60)
    assert again.status_code == 200


async def test_a_client_that_leaves_makes_room(api: httpx.AsyncClient, made: Replayable) -> None:
    headers = {"accept": "application/x-ndjson"}
    async with api.stream(
        "POST", "/rules/replay", json=question(made), headers=headers, timeout=60
    ) as answer:
        await anext(answer.aiter_lines())
    async with asyncio.timeout(20):
        while (await api.post("/rules/replay", json=question(made), timeout=60)).status_code == 409:
            pass
