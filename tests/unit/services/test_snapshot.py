"""What the hot path reads: complete, consistent, up to date, and kept when the database is gone."""

import asyncio
import logging
import os
from datetime import UTC, datetime, timedelta

import pytest

from app.api.admin.schemas.api_key import ApiKeyUpdate
from app.api.admin.schemas.model import ModelUpdate
from app.api.admin.schemas.provider import ProviderUpdate
from app.api.admin.schemas.target import TargetUpdate
from app.common.clock import SystemClock
from app.common.secrets import Keyring
from app.config import Settings
from app.db.session import Database
from app.domain.model import Strategy
from app.domain.provider import Protocol, Timeouts
from app.services.snapshot import SnapshotService
from app.services.targets import Targets
from tests.support.configuration import ACTOR, CREDENTIAL, Configuration

SETTINGS = Settings(
    retry_max_attempts=4, retry_delay_ms=1500, connect_timeout=7.0, snapshot_poll_seconds=10.0
)


@pytest.fixture
def snapshot(database: Database, keyring: Keyring) -> SnapshotService:
    return SnapshotService(database, keyring, SETTINGS, environ={"SOME_KEY": "sk-from-environment"})


async def test_everything_the_hot_path_needs(
    database: Database, keyring: Keyring, snapshot: SnapshotService
) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        one = await configuration.provider(
            "one", protocol=Protocol.ANTHROPIC, headers={"X-A": "1"}, idle_timeout=9.0, verify_tls=False
        )
        two = await configuration.provider("two", credential="env:SOME_KEY")
        await configuration.model(
            "m",
            two,
            one,
            rule='headers.x-a == "b"',
            strategy=Strategy.WEIGHTED,
            retry_delay_ms=0,
            final_statuses=[400],
        )
        _, value = await configuration.api_key(allowed_models=["m"], tags=["t"], metadata={"n": 1})
    assert (snapshot.loaded, snapshot.fresh, snapshot.current.revision) == (False, False, 0)
    await snapshot.refresh()
    assert (snapshot.loaded, snapshot.fresh, snapshot.problems) == (True, True, [])

    route = snapshot.current.routes["m"]
    model = route.model
    assert (model.name, model.rule, model.strategy) == ("m", 'headers.x-a == "b"', Strategy.WEIGHTED)
    assert (model.retry.max_attempts, model.retry.delay, model.retry.final_statuses) == (
        4,
        0.0,
        frozenset({400}),
    )
    assert [target.provider.name for target in model.targets] == ["two", "one"]
    by_env, anthropic = (target.provider for target in model.targets)
    assert by_env.credential == "sk-from-environment"
    assert by_env.timeouts == Timeouts(connect=7.0, first_byte=300.0, idle=300.0, total=3600.0)
    assert anthropic.credential == CREDENTIAL
    assert (anthropic.protocol, anthropic.headers, anthropic.verify_tls) == (
        Protocol.ANTHROPIC,
        (("X-A", "1"),),
        False,
    )
    assert anthropic.timeouts.idle == 9.0

    key = snapshot.current.keys[snapshot.key_digest(value)]
    assert (key.name, key.allowed_models, key.tags, key.metadata) == (
        "key",
        frozenset({"m"}),
        ("t",),
        {"n": 1},
    )


async def test_only_what_is_active(database: Database, keyring: Keyring, snapshot: SnapshotService) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        on = await configuration.provider("on")
        off = await configuration.provider("off", is_active=False)
        _, stored = await configuration.model("m", off, on, on)
        await Targets(session, ACTOR).update("m", stored[1][0].id, TargetUpdate(is_active=False))
        await configuration.model("inactive", on, is_active=False)
        await configuration.api_key(is_active=False)
    await snapshot.refresh()
    assert [target.id for target in snapshot.current.routes["m"].model.targets] == [stored[2][0].id]
    assert list(snapshot.current.routes) == ["m"]
    assert snapshot.current.keys == {}


async def test_keys_expire_and_overlap(
    database: Database, keyring: Keyring, snapshot: SnapshotService
) -> None:
    now = datetime.now(UTC)
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        _, expired = await configuration.api_key(expires_at=now - timedelta(seconds=1))
        row, old = await configuration.api_key(expires_at=now + timedelta(days=9))
        _, new = await configuration.api_keys.rotate(row.id, 3600)
        other, stopped = await configuration.api_key()
        await configuration.api_keys.rotate(other.id, 0)
        soon, previous = await configuration.api_key()
        await configuration.api_keys.rotate(soon.id, 3600)
        await configuration.api_keys.update(soon.id, ApiKeyUpdate(expires_at=now + timedelta(seconds=60)))
    await snapshot.refresh()
    keys = snapshot.current.keys
    assert snapshot.key_digest(expired) not in keys
    assert snapshot.key_digest(stopped) not in keys
    assert keys[snapshot.key_digest(new)].expires_at == (now + timedelta(days=9)).timestamp()
    until = keys[snapshot.key_digest(old)].expires_at
    assert until is not None
    assert 3500 < until - now.timestamp() < 3700
    assert keys[snapshot.key_digest(previous)].expires_at == (now + timedelta(seconds=60)).timestamp()


async def test_what_cannot_be_used_is_left_out_and_named(
    database: Database, keyring: Keyring, snapshot: SnapshotService, caplog: pytest.LogCaptureFixture
) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        good = await configuration.provider("good")
        unset = await configuration.provider("unset", credential="env:MISSING_KEY")
        sealed = await configuration.provider("sealed")
        sealed.credential_ciphertext = Keyring("x" * 32).encrypt(CREDENTIAL, "elsewhere")
        await configuration.model("m", unset, sealed, good)
        broken, _ = await configuration.model("broken", good)
        broken.rule = "body.model ==="
    with caplog.at_level(logging.WARNING):
        await snapshot.refresh()
        await snapshot.refresh()
    assert [target.provider.name for target in snapshot.current.routes["m"].model.targets] == ["good"]
    assert list(snapshot.current.routes) == ["m"]
    assert [problem.split(":")[0] for problem in snapshot.problems] == [
        "provider unset",
        "provider sealed",
        "model broken",
    ]
    assert "MISSING_KEY" in snapshot.problems[0]
    assert len(caplog.records) == 3
    assert CREDENTIAL not in caplog.text + str(snapshot.problems)


async def test_what_has_not_changed_is_the_same_object(
    database: Database, keyring: Keyring, snapshot: SnapshotService
) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        one, two = await configuration.provider("one"), await configuration.provider("two")
        _, stored = await configuration.model("a", one)
        await configuration.model("b", two)
    await snapshot.refresh()
    before = dict(snapshot.current.routes)

    async with database.transaction() as session:
        await Configuration(session, keyring).models.update("b", ModelUpdate(notes="changed"))
    await snapshot.refresh()
    assert snapshot.current.routes["a"] is before["a"]
    assert snapshot.current.routes["b"] is not before["b"]
    assert snapshot.current.routes["b"].model.targets[0].provider is before["b"].model.targets[0].provider

    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        await Targets(session, ACTOR).update("a", stored[0][0].id, TargetUpdate(weight=5))
        await configuration.providers.update(two.id, ProviderUpdate(total_timeout=1.0))
    await snapshot.refresh()
    assert snapshot.current.routes["a"].model.targets[0].weight == 5
    assert snapshot.current.routes["b"].model.targets[0].provider.timeouts.total == 1.0


async def test_a_change_that_is_there_already_needs_no_work(
    database: Database, keyring: Keyring, snapshot: SnapshotService
) -> None:
    async with database.transaction() as session:
        await Configuration(session, keyring).api_key()
        revision = session.info["revision"]
    await snapshot.refresh(revision)
    served = snapshot.current
    await asyncio.gather(*(snapshot.refresh(revision) for _ in range(5)))
    assert snapshot.current is served
    assert served.revision == revision


async def test_polling_finds_the_changes_of_others(
    database: Database, database_url: str, keyring: Keyring, snapshot: SnapshotService
) -> None:
    await snapshot.poll()
    assert snapshot.loaded
    first = snapshot.current
    await snapshot.poll()
    assert snapshot.current is first
    elsewhere = Database(database_url)
    async with elsewhere.transaction() as session:
        _, value = await Configuration(session, keyring).api_key()
    await elsewhere.aclose()
    await snapshot.poll()
    assert snapshot.key_digest(value) in snapshot.current.keys


async def test_serving_goes_on_without_the_database(
    sqlite_database_url: str, keyring: Keyring, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(sqlite_database_url)
    snapshot = SnapshotService(database, keyring, SETTINGS)
    async with database.transaction() as session:
        _, value = await Configuration(session, keyring).api_key()
    await snapshot.poll()
    await database.aclose()
    file = sqlite_database_url.partition(":///")[2]
    os.rename(file, f"{file}.away")
    os.mkdir(file)
    with caplog.at_level(logging.INFO, logger="app"):
        for _ in range(3):
            await snapshot.poll()
            await snapshot.refresh()
        assert (snapshot.fresh, snapshot.loaded) == (False, True)
        assert snapshot.key_digest(value) in snapshot.current.keys
        os.rmdir(file)
        os.rename(f"{file}.away", file)
        await snapshot.poll()
    assert snapshot.fresh
    assert len(caplog.records) == 2
    await database.aclose()


async def test_a_restored_backup_is_taken_over(
    database: Database, keyring: Keyring, snapshot: SnapshotService
) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        await configuration.provider()
        await configuration.api_key()
    await snapshot.poll()
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("DELETE FROM api_key")
        await connection.exec_driver_sql(f"DELETE FROM revision WHERE id = {snapshot.current.revision}")
    await snapshot.poll()
    assert snapshot.current.keys == {}


class Ticks(SystemClock):
    """Sleeps until told to go on, and notes for how long it should have."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.asleep = asyncio.Event()
        self.wake = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.asleep.set()
        await self.wake.wait()
        self.wake.clear()


async def test_the_poll_loop(database: Database, keyring: Keyring) -> None:
    clock = Ticks()
    snapshot = SnapshotService(database, keyring, SETTINGS, clock, jitter=iter((0.0, 1.0)).__next__)
    loop = asyncio.create_task(snapshot.run())
    async with asyncio.timeout(20):
        await clock.asleep.wait()
        clock.asleep.clear()
        async with database.transaction() as session:
            _, value = await Configuration(session, keyring).api_key()
        clock.wake.set()
        await clock.asleep.wait()
    assert snapshot.key_digest(value) in snapshot.current.keys
    assert clock.slept == pytest.approx([9.0, 11.0])
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop


async def test_many_changes_at_once(database: Database, keyring: Keyring, snapshot: SnapshotService) -> None:
    async def change(number: int) -> None:
        async with database.transaction() as session:
            await Configuration(session, keyring).model(f"m{number}")
            revision = session.info["revision"]
        await snapshot.refresh(revision)
        assert f"m{number}" in snapshot.current.routes
        revisions.append(snapshot.current.revision)

    revisions: list[int] = []
    await asyncio.gather(*(change(number) for number in range(8)))
    assert revisions == sorted(revisions)
    assert len(snapshot.current.routes) == 8
