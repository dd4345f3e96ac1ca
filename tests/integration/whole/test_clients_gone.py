"""A thousand clients leave a real process: upstreams closed in a second, a record for each, no descriptor left open."""

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.integration.whole.support import WHOLE, Caller, calls, eventually, many_descriptors, metrics, rows
from tests.support.gateway import Admin, GatewayProcess, gateway_process, unique
from tests.support.sockets import CLOSE, WAIT, ScriptedUpstream, Step, answer, chunk, head

GONE = 334
"""Clients in each of three places, all of them there at the same time."""

EVENT = b'data: {"choices":[{"delta":{"content":"begun"}}]}\n\n'
FAILED = answer(b"{}", 500, ("connection", "close"))

PLACES: dict[str, tuple[bool, Sequence[Step]]] = {
    "plain": (False, [WAIT]),
    "stream": (True, [head(), chunk(EVENT), WAIT]),
    "retry": (False, [FAILED, CLOSE]),
}
"""Whether a stream is asked for, and what the upstream plays. The retry would come after a minute."""


def waited(gateway: GatewayProcess) -> float:
    """Seconds the gateway's loop and ours were ready and had no processor so far (Linux, sched-stats.rst).

    The tests run beside each other on few processors: what the others take is not the gateway's time.
    """
    threads = (gateway.process.pid, os.getpid())
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) for pid in threads) / 1e9


def descriptors(gateway: GatewayProcess) -> int:
    """Open ones; not those of the database, whose pool opens as many connections as it needs, up to its bound."""
    count = 0
    for descriptor in Path(f"/proc/{gateway.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            count += "gateway.db" not in os.readlink(descriptor)
    return count


async def test_a_thousand_leave(tmp_path: Path) -> None:
    with many_descriptors(4 * GONE), gateway_process(tmp_path, LOG_PAYLOADS="off") as gateway:
        async with ScriptedUpstream([WHOLE]) as calm, gateway.admin() as admin:
            model = unique("model")
            key = await admin.route(model, calm.url)
            assert {reply.status for reply in await calls(gateway, key, model, 20)} == {200}
            before = descriptors(gateway)
            for place, (stream, script) in PLACES.items():
                await leave(gateway, admin, key, place, stream, script)

            async def closed() -> bool:
                return descriptors(gateway) <= before

            await eventually(closed, 5)
            assert {reply.status for reply in await calls(gateway, key, model, 20)} == {200}
            assert (await metrics(admin))["gw_requests_in_flight"] == 0
    assert "Traceback" not in gateway.log()


async def leave(
    gateway: GatewayProcess, admin: Admin, key: str, place: str, stream: bool, script: Sequence[Step]
) -> None:
    """All call, all are where `place` says, all leave."""
    model = unique(place)
    async with ScriptedUpstream(script) as upstream:
        await admin.route(model, upstream.url, retry_delay_ms=60_000)
        callers = [await Caller.connect(gateway) for _ in range(GONE)]
        for caller in callers:
            caller.ask(key, model, stream=stream)

        async def arrived() -> bool:
            return len(upstream.requests) == GONE

        await eventually(arrived)
        if stream:
            await asyncio.gather(*(caller.reader.readuntil(EVENT) for caller in callers))
        if place == "retry":
            provider = (await admin.call("GET", f"/models/{model}"))["targets"][0]["provider"]

            async def waiting() -> bool:
                text = (await admin.client.get("/metrics")).text
                return f'gw_attempts_total{{outcome="5xx",provider="{provider}"}} {float(GONE)}' in text

            await eventually(waiting)
        left_at, waited_before = asyncio.get_running_loop().time(), waited(gateway)
        for caller in callers:
            caller.leave()
        ends = asyncio.gather(*(connection.peer_left.wait() for connection in upstream.connections))
        await asyncio.wait_for(ends, 5)
        last = max(connection.left_at or left_at for connection in upstream.connections)
        assert last - left_at - (waited(gateway) - waited_before) < 1.0

        async def recorded() -> bool:
            return len(await rows(admin, requested_model=model)) >= GONE

        await eventually(recorded, 5)
        found = await rows(admin, requested_model=model)
        assert Counter((row["status"], row["end_reason"], row["retry_count"]) for row in found) == {
            (499, "client_left", 0): GONE
        }
        assert len({row["request_id"] for row in found}) == GONE
        assert len(upstream.requests) == GONE, "no attempt followed"
