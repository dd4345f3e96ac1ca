"""A stop signal under load, an impatient second one, a kill: what clients see, and what the database has afterwards."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.integration.whole.support import WHOLE, Caller, Reply, call, calls, eventually, metrics
from tests.support.gateway import Gateway, gateway_process, unique
from tests.support.sockets import WAIT, ScriptedUpstream, Step, chunk, head

FIRST = b'data: {"choices":[{"delta":{"content":"begun"}}]}\n\n'
LAST = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\ndata: [DONE]\n\n'
STREAMS = PLAIN = 15


def stored(folder: Path) -> list[dict[str, Any]]:
    """The log records in the file, and that the file is in order."""
    with contextlib.closing(sqlite3.connect(folder / "gateway.db")) as database:
        database.row_factory = sqlite3.Row
        assert [*database.execute("PRAGMA integrity_check").fetchone()] == ["ok"]
        return [dict(row) for row in database.execute("SELECT * FROM request_log ORDER BY request_id")]


async def begun(gateway: Gateway, key: str, model: str) -> Caller:
    """A stream whose first event has come."""
    caller = await Caller.connect(gateway)
    caller.ask(key, model, stream=True)
    await caller.reader.readuntil(FIRST)
    return caller


async def turned_away(gateway: Gateway, key: str, model: str) -> bool:
    """A new call is refused, politely at first and by the kernel in the end."""
    try:
        reply = await call(gateway, key, model)
    except ConnectionError:
        return True
    except (ValueError, IndexError):  # closed before it was read
        return False
    assert (reply.status, reply.code) == (503, "draining")
    return False


async def test_open_requests_go_on_and_leave_their_records(tmp_path: Path) -> None:
    model, go_on = unique("model"), asyncio.Event()
    stream: list[Step] = [head(), chunk(FIRST), go_on, chunk(LAST), chunk(b"")]
    upstream = ScriptedUpstream(*[stream] * STREAMS, [go_on, WHOLE])
    with gateway_process(tmp_path, DRAIN_SECONDS=30) as gateway:
        async with upstream, gateway.admin() as admin:
            key = await admin.route(model, upstream.url)
            streams = [await begun(gateway, key, model) for _ in range(STREAMS)]
            plain = [asyncio.create_task(call(gateway, key, model)) for _ in range(PLAIN)]

            async def arrived() -> bool:
                return len(upstream.requests) == STREAMS + PLAIN

            await eventually(arrived)
            gateway.process.send_signal(signal.SIGTERM)
            await eventually(lambda: turned_away(gateway, key, model), 3)
            assert gateway.process.poll() is None
            go_on.set()
            for caller in streams:
                rest = await caller.reader.read(-1)
                assert LAST in rest
                assert rest.endswith(b"0\r\n\r\n"), "a clean end"
                caller.writer.close()
            assert {reply.status for reply in await asyncio.gather(*plain)} == {200}
            assert await asyncio.to_thread(gateway.process.wait, 10) == -signal.SIGTERM
    kept = stored(tmp_path)
    assert len(kept) == STREAMS + PLAIN
    assert {(row["status"], row["end_reason"], row["output_tokens"]) for row in kept} == {
        (200, "complete", 1)
    }
    assert gateway.log() == ""


@pytest.mark.parametrize("is_impatient", [False, True])
async def test_what_is_cut_says_so_and_leaves_its_record(tmp_path: Path, is_impatient: bool) -> None:
    """The time is up, or a second signal says that nobody waits."""
    model = unique("model")
    stream: list[Step] = [head(), chunk(FIRST), WAIT]
    upstream = ScriptedUpstream(*[stream] * STREAMS, [WAIT])
    with gateway_process(tmp_path, DRAIN_SECONDS=60 if is_impatient else 0.3) as gateway:
        async with upstream, gateway.admin() as admin:
            key = await admin.route(model, upstream.url)
            streams = [await begun(gateway, key, model) for _ in range(STREAMS)]
            plain = [asyncio.create_task(call(gateway, key, model)) for _ in range(PLAIN)]

            async def arrived() -> bool:
                return len(upstream.requests) == STREAMS + PLAIN

            await eventually(arrived)
            gateway.process.send_signal(signal.SIGTERM)
            await eventually(lambda: turned_away(gateway, key, model), 3)
            if is_impatient:
                gateway.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(gateway.process.wait, 5) == -signal.SIGTERM
            for caller in streams:
                assert not (await caller.reader.read(-1)).endswith(b"0\r\n\r\n"), "no clean end"
                caller.writer.close()
            for reply in await asyncio.gather(*plain):
                assert (reply.status, reply.code) == (503, "draining")
    assert Counter((row["status"], row["end_reason"], row["error_code"]) for row in stored(tmp_path)) == {
        (200, "error", "cancelled"): STREAMS,
        (503, "error", "draining"): PLAIN,
    }
    assert gateway.log().count("\n") == (0 if is_impatient else 1), "one line that the time was up"


async def test_killed_under_load_and_started_again(tmp_path: Path) -> None:
    model = unique("model")
    async with ScriptedUpstream([WHOLE]) as upstream:
        with gateway_process(tmp_path) as gateway:
            async with gateway.admin() as admin:
                key = await admin.route(model, upstream.url)
                replies = await calls(gateway, key, model, 100)

                async def written() -> bool:
                    return (await metrics(admin))["gw_log_written_total"] == 100

                await eventually(written)
                load = asyncio.gather(*(keep_calling(gateway, key, model) for _ in range(10)))

                async def more() -> bool:
                    return (await metrics(admin))["gw_log_written_total"] > 100

                await eventually(more)
                gateway.process.kill()
                later = [reply for found in await load for reply in found]
        kept = [row["request_id"] for row in stored(tmp_path)]
        assert len(kept) == len(set(kept)) > 100
        assert {reply.request_id for reply in replies} < set(kept)
        assert len(kept) <= 100 + len(later) + 10, "answered, or on their way when the end came"

        started = time.monotonic()
        with gateway_process(tmp_path) as again:
            assert (await call(again, key, model)).status == 200
            seconds, busy = time.monotonic() - started, cpu_seconds(again.process.pid)
            assert busy < 2, "what the start takes on a machine that has nothing else to do"
            assert seconds < 10
        assert len(stored(tmp_path)) == len(kept) + 1


async def keep_calling(gateway: Gateway, key: str, model: str) -> list[Reply]:
    """Call until nobody answers."""
    replies = []
    with contextlib.suppress(ConnectionError, ValueError, IndexError):
        while True:
            replies.append(await call(gateway, key, model))
            assert replies[-1].status == 200
    return replies


def cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
