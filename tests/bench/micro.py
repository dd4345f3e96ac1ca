"""What single parts of the gateway cost in CPU time, in this process: for `just bench`. Limits: `test_*_speed.py`."""

import asyncio
import json
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.secrets import Keyring
from app.config import Settings
from app.db.session import Database
from app.db.tables.api_key import ApiKeyRow
from app.db.tables.model import ModelRow
from app.db.tables.provider import ProviderRow
from app.db.tables.target import TargetRow
from app.protocols.envelope import peek, splice
from app.protocols.sse import SseDecoder
from app.protocols.usage import UsageReader
from app.rules.context import Facts
from app.rules.engine import RuleSet
from app.services.snapshot import SnapshotService
from tests.bench.macro.cases import MODEL, UPSTREAM_MODEL, Case
from tests.bench.macro.report import Part
from tests.bench.macro.targets import RULES
from tests.support.databases import sqlite_template, sqlite_url
from tests.unit.rules.builders import model

HEADERS = [
    (b"host", b"127.0.0.1:8000"),
    (b"content-type", b"application/json"),
    (b"accept", b"*/*"),
    (b"user-agent", b"load"),
    (b"authorization", b"Bearer gwk_0123456789abcdefghijABCDEFGHIJ01"),
    (b"x-team", b"search"),
    (b"content-length", b"2000"),
]
MODELS, KEYS = 1_000, 10_000
_TURN_SECONDS = 0.01
"""A turn that short is seldom disturbed, and long beside the clock's resolution."""


def measured(folder: Path, cases: dict[str, Case], seconds: float) -> Iterator[Part]:
    """:param seconds: about, for each part; the best turn counts, as others may use the machine meanwhile."""
    for name, work, share in _parts(folder, cases):
        yield Part(name, _microseconds(work, seconds) / share)
    yield from _snapshots()


def _microseconds(work: Callable[[], Any], seconds: float) -> float:
    timer = timeit.Timer(work, timer=time.process_time)
    number = 1
    while (took := timer.timeit(number)) < _TURN_SECONDS:
        number *= 2
    return min(timer.repeat(max(3, round(seconds / took)), number)) / number * 1e6


def _parts(folder: Path, cases: dict[str, Case]) -> Iterator[tuple[str, Callable[[], Any], int]]:
    """Name, work, and how many of what the name says the work does."""
    small = (folder / "small.asked").read_bytes()
    large = (folder / "large.asked").read_bytes()
    yield "`json.loads` of the 2 kB body, to compare", lambda: json.loads(small), 1
    yield "model found in the 2 kB body", lambda: peek(small), 1
    yield "model found in the 200 kB body", lambda: peek(large), 1
    spot = peek(large)
    yield "model replaced in the 200 kB body", lambda: splice(large, spot, UPSTREAM_MODEL), 1

    choose = RuleSet(model(RULES["refuses"], RULES["passes"], own=RULES["model"])).choose
    members = peek(small).members
    asked = ("chat/completions", MODEL, False, None, "203.0.113.9", 0.0)
    assert len(choose(Facts(small, HEADERS, *asked, members))) == 1
    yield "three rules on a new request", lambda: choose(Facts(small, HEADERS, *asked, members)), 1
    sixteen = RuleSet(
        model(*(f'headers.x-team == "t{n}" and body.temperature < 0.9' for n in range(16)))
    ).choose
    yield (
        "sixteen rules on headers and body of a new request",
        lambda: sixteen(Facts(small, HEADERS, *asked, members)),
        1,
    )

    stream = cases["stream"]
    events = [event + b"\n\n" for event in stream.answer.split(b"\n\n")[:-1]]
    assert len(events) == stream.events
    yield "event of a stream found, each in a piece of its own", lambda: _decode(events), len(events)
    yield "event of a stream found, all in one piece", lambda: _decode([stream.answer]), len(events)
    yield "event of a stream found and read for usage", lambda: _read(events), len(events)


def _decode(pieces: list[bytes]) -> None:
    decoder = SseDecoder()
    for piece in pieces:
        decoder.feed(piece)


def _read(pieces: list[bytes]) -> None:
    reader = UsageReader("chat/completions")
    for piece in pieces:
        reader.feed(piece)
    reader.close()
    assert reader.usage


def _snapshots() -> Iterator[Part]:
    """The configuration read from SQLite and made into a snapshot: all threads' CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        url = sqlite_url(sqlite_template(Path(folder)))
        first, again = asyncio.run(_built(url))
    size = f"{MODELS:,} models with a rule each, {KEYS:,} keys"
    yield Part(f"snapshot of {size}, from nothing", first)
    yield Part(f"snapshot of {size}, after a change of one", again)


async def _built(url: str) -> tuple[float, float]:
    database = Database(url)
    try:
        async with database.transaction() as session:
            await _fill(session)
        service = SnapshotService(database, Keyring("k" * 32), Settings())
        first = await _refreshed(service)
        turns = []
        for number in range(3):
            rule = f'headers.x-team == "changed-{number}"'
            async with database.transaction() as session:
                await session.execute(
                    update(ModelRow).where(ModelRow.id == 1).values(rule=rule, version=number + 2)
                )
            turns.append(await _refreshed(service))
        assert (len(service.current.routes), len(service.current.keys)) == (MODELS, KEYS)
        return first, min(turns)
    finally:
        await database.aclose()


async def _refreshed(service: SnapshotService) -> float:
    started = time.process_time()
    await service.refresh()
    assert service.fresh
    return (time.process_time() - started) * 1e6


async def _fill(session: AsyncSession) -> None:
    row = {"is_active": True, "version": 1}
    ruled = row | {"grammar": 1}
    numbers = range(1, MODELS + 1)
    provider = {"id": 1, "name": "p", "protocol": "openai", "base_url": "https://a.test/v1", "notes": ""}
    await session.execute(insert(ProviderRow), [row | provider | {"headers": {}, "verify_tls": True}])
    model = ruled | {"strategy": "priority", "final_statuses": [], "notes": ""}
    rules = {n: f'headers.x-team == "team-{n}" or body.temperature <= 0.{n % 10}' for n in numbers}
    models = [model | {"id": number, "name": f"model-{number}", "rule": rules[number]} for number in numbers]
    await session.execute(insert(ModelRow), models)
    target = ruled | {
        "provider_id": 1,
        "target_model": "m",
        "rule": "",
        "priority": 1,
        "weight": 1,
        "position": 1,
    }
    await session.execute(insert(TargetRow), [target | {"model_id": number} for number in numbers])
    key = row | {"prefix": "gwk_", "last4": "0000", "tags": ["team"], "labels": {"team": "search"}}
    keys = [key | {"name": f"key-{n}", "key_hash": n.to_bytes(32, "big")} for n in range(KEYS)]
    await session.execute(insert(ApiKeyRow), keys)
