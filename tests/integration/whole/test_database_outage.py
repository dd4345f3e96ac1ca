"""The database is locked, full, stopped or frozen while the gateway serves, or stopped when it starts."""

import asyncio
import contextlib
import resource
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from app.common.secrets import new_api_key
from tests.integration.whole.support import (
    WHOLE,
    Reply,
    StoppablePostgres,
    call,
    calls,
    eventually,
    metrics,
    rows,
    stoppable_postgres,
)
from tests.support.gateway import Admin, Gateway, GatewayProcess, gateway_process, unique
from tests.support.sockets import ScriptedUpstream

ROOM = 50
"""Records the queue holds."""
CALLS = ROOM + 30
PATIENCE = 0.9
"""The shortest wait for a database anywhere in the gateway takes 1 s: whoever is answered sooner has not waited."""

SETTINGS: dict[str, Any] = {"LOG_QUEUE_SIZE": ROOM, "SNAPSHOT_POLL_SECONDS": 0.2}


@pytest.fixture(scope="module")
def postgres_of_ours() -> Iterator[StoppablePostgres]:
    with stoppable_postgres() as server:
        yield server


async def overflow(gateway: Gateway, admin: Admin, key: str, model: str) -> list[Reply]:
    """More calls than the queue has room for, while nothing can be written."""
    before = await metrics(admin)
    assert (before["gw_log_queue"], before["gw_log_dropped_total"]) == (0, 0)
    replies = await calls(gateway, key, model, CALLS)
    assert {reply.status for reply in replies} == {200}
    assert max(reply.seconds for reply in replies) < PATIENCE

    async def counted() -> bool:
        now = await metrics(admin)
        assert now["gw_log_queue"] <= ROOM
        return now["gw_log_queue"] + now["gw_log_dropped_total"] == CALLS

    await eventually(counted)
    now = await metrics(admin)
    assert (now["gw_log_queue"], now["gw_log_dropped_total"]) == (ROOM, CALLS - ROOM)
    assert (await admin.client.get("/livez")).status_code == 200
    assert (await admin.client.get("/readyz")).status_code == 200, "what is known goes on being served"
    return replies


async def recovered(gateway: Gateway, admin: Admin, key: str, model: str, replies: list[Reply]) -> None:
    """Everything is as before, without a restart, and each record that was kept is there once."""

    async def written() -> bool:
        now = await metrics(admin)
        return (now["gw_log_queue"], now["gw_log_failing"], now["gw_config_fresh"]) == (0, 0, 1)

    await eventually(written, 15)
    late = await call(gateway, key, model)
    assert late.status == 200

    async def late_one() -> bool:
        return late.request_id in {row["request_id"] for row in await rows(admin, requested_model=model)}

    await eventually(late_one)
    ids = [row["request_id"] for row in await rows(admin, requested_model=model)]
    assert len(ids) == len(set(ids)) == ROOM + 1
    assert set(ids) <= {reply.request_id for reply in [*replies, late]}
    assert (await metrics(admin))["gw_log_dropped_total"] == CALLS - ROOM
    assert (await call(gateway, new_api_key(), model)).status == 401
    assert (await call(gateway, await admin.key(), model)).status == 200


async def refused(admin: Admin, method: str, path: str, body: object = None) -> None:
    """The admin API says that the database is away, and takes no longer for it than for trying."""
    began = time.monotonic()
    answered = await admin.client.request(method, f"/api/admin{path}", json=body)
    assert answered.status_code == 503, answered.text
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json()["code"] == "unavailable"
    assert int(answered.headers["retry-after"]) >= 1
    assert time.monotonic() - began < 10


@contextlib.contextmanager
def locked(folder: Path, _gateway: GatewayProcess) -> Iterator[None]:
    """Another program holds SQLite's write lock."""
    with contextlib.closing(sqlite3.connect(folder / "gateway.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@contextlib.contextmanager
def file_limit(folder: Path, gateway: GatewayProcess) -> Iterator[None]:
    """The gateway's files can't grow (RLIMIT_FSIZE): writing fails with EFBIG, which SQLite calls an I/O error."""
    _, most = resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE)
    size = (folder / "gateway.db-wal").stat().st_size
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (size, most))
    yield
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (most, most))


@contextlib.contextmanager
def full_disk(folder: Path, _gateway: GatewayProcess) -> Iterator[None]:
    """There is not a byte left in the file system of the database: ENOSPC."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    filler.unlink()


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    mounted = folder / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(mounted)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small file system takes root")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", str(mounted)], check=True)


@pytest.mark.parametrize("outage", [locked, file_limit, full_disk])
async def test_sqlite_cannot_be_written(
    tmp_path: Path, outage: Callable[[Path, GatewayProcess], AbstractContextManager[None]]
) -> None:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(small_disk(tmp_path)) if outage is full_disk else tmp_path
        url = f"sqlite:///{folder}/gateway.db"
        gateway = stack.enter_context(gateway_process(tmp_path, DATABASE_URL=url, **SETTINGS))
        model = unique("model")
        async with ScriptedUpstream([WHOLE]) as upstream, gateway.admin() as admin:
            key = await admin.route(model, upstream.url)
            with outage(folder, gateway):
                creating = asyncio.create_task(refused(admin, "POST", "/api-keys", {"name": unique("key")}))
                replies = await overflow(gateway, admin, key, model)
                assert (await call(gateway, new_api_key(), model)).status == 401, "reading works"
                assert (await admin.client.get("/api/admin/models")).status_code == 200
                await creating
            await recovered(gateway, admin, key, model, replies)


async def test_postgres_is_stopped(tmp_path: Path, postgres_of_ours: StoppablePostgres) -> None:
    with (
        postgres_of_ours.database() as url,
        gateway_process(tmp_path, DATABASE_URL=url, **SETTINGS) as gateway,
    ):
        await outage_of(postgres_of_ours.stopped(), gateway)


async def test_postgres_hangs(tmp_path: Path, postgres_of_ours: StoppablePostgres) -> None:
    with (
        postgres_of_ours.database() as url,
        gateway_process(tmp_path, DATABASE_URL=url, **SETTINGS) as gateway,
    ):
        await outage_of(postgres_of_ours.frozen(), gateway)


async def outage_of(outage: AbstractContextManager[None], gateway: Gateway) -> None:
    model, unknown = unique("model"), new_api_key()
    async with ScriptedUpstream([WHOLE]) as upstream, gateway.admin() as admin:
        key = await admin.route(model, upstream.url)
        assert (await call(gateway, unknown, model)).status == 401
        with outage:
            replies = await overflow(gateway, admin, key, model)

            async def noticed() -> bool:
                return (await metrics(admin))["gw_config_fresh"] == 0

            await eventually(noticed)
            reply = await call(gateway, unknown, model)
            assert (reply.status, reply.code) == (503, "auth_unavailable")
            assert int(reply.headers["retry-after"]) >= 1
            assert (await call(gateway, "no-key-of-ours", model)).status == 401, "no database needed to tell"
            await asyncio.gather(
                refused(admin, "GET", "/models"),
                refused(admin, "GET", "/logs"),
                refused(admin, "POST", "/api-keys", {"name": unique("key")}),
            )
        await recovered(gateway, admin, key, model, replies)


@pytest.mark.parametrize("how", ["stopped", "frozen"])
async def test_postgres_is_away_at_the_start(
    tmp_path: Path, postgres_of_ours: StoppablePostgres, how: str
) -> None:
    with postgres_of_ours.database() as url, contextlib.ExitStack() as stack:
        with getattr(postgres_of_ours, how)():
            gateway = stack.enter_context(gateway_process(tmp_path, DATABASE_URL=url, **SETTINGS))
            async with gateway.admin() as admin:
                assert (await admin.client.get("/livez")).status_code == 200
                starting = await admin.client.get("/readyz")
                assert (starting.status_code, starting.text) == (503, "starting")
                reply = await call(gateway, new_api_key(), "any")
                assert (reply.status, reply.code) == (503, "auth_unavailable")
                await refused(admin, "GET", "/models")
        async with ScriptedUpstream([WHOLE]) as upstream, gateway.admin() as admin:

            async def ready() -> bool:
                return (await admin.client.get("/readyz")).status_code == 200

            await eventually(ready)
            key = await admin.route("late", upstream.url)
            assert (await call(gateway, key, "late")).status == 200
