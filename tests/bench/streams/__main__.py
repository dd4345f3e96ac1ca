"""`python -m tests.bench.streams [--streams 10000] [--workers 2] [--slow 500]`: exit code 0 where all of it holds.

First many idle streams: what each costs in memory, whether a short request is still answered at once, and whether all
is given back when every client leaves in the same moment. Then slow readers of long answers: whether memory stays
within the high-water marks, and whether who does not read at all is cut off. Linux only: it reads `/proc`.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import uvloop

from app.cli import descriptors
from tests.bench.streams.clients import Asker, SlowReaders, open_streams, request
from tests.bench.streams.verdict import KIB, MIB, Verdict, say
from tests.bench.streams.watch import (
    Held,
    Process,
    held_now,
    memory,
    processes,
    records,
    scrape,
    until,
)
from tests.support.gateway import ROOT, GatewayProcess, environment, gateway_process

STREAM_KIB = 64
"""Memory that an idle stream may cost a worker."""
CLOSED_SECONDS = 10.0
"""After the clients left, until the last upstream connection of theirs is closed."""
ANSWER_SECONDS = 1.0
IDLE_TIMEOUT = 20.0
"""Seconds after which a client that does not read is cut off; who reads slowly shows signs of it every ten."""
SLOW_KIB = 1536
"""Memory that a slow reader may cost. The transport reads ahead 128 KiB and one read of the event loop (256 KiB at
most), as much is on its way to the client, as much waits in the server to be written; 64 KiB are kept for the log
record, and the text that has passed (1 Mi characters at most) in case its tokens have to be counted."""
WARM_UP = 300
LEAVERS = 20
SLICE = 100
HOLD_SECONDS = 3.0
BACK_SECONDS = 20.0
RECORD_SECONDS = 30.0
DESCRIPTORS = 2
"""Of a stream: the client's connection and the upstream's."""
DESCRIPTOR_SLACK = 8
"""The database opens files when it is first read or written from somewhere else."""


@contextlib.contextmanager
def upstream_process() -> Iterator[str]:
    """The upstream's URL."""
    command = [sys.executable, "-m", "tests.bench.streams.upstream"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


class Bench:
    """One run."""

    def __init__(
        self, gateway: GatewayProcess, upstream: str, flooding: str, arguments: argparse.Namespace
    ) -> None:
        self.gateway = gateway
        self.upstream = upstream
        self.flooding = flooding
        """A second upstream, for long answers."""
        self.arguments = arguments
        self.verdict = Verdict()
        self.root = gateway.process.pid

    async def run(self) -> int:
        try:
            await self.all()
        except OSError as problem:
            self.verdict.broken(str(problem), self.gateway.log())
        return self.verdict.end()

    async def all(self) -> None:
        async with self.gateway.admin() as admin:
            key = await admin.route("idle", self.upstream)
            provider = await admin.provider(self.flooding, idle_timeout=IDLE_TIMEOUT)
            await admin.model("slow", [{"provider_id": provider["id"], "target_model": "m"}])
        short = {name: request("short", name, key, stream=False) for name in ("idle", "slow")}
        for warming in short.values():
            async with Asker(self.gateway.url, warming, 0.0) as warm:
                await warm.asked(WARM_UP)
        idle, slow = request("idle", "idle", key, stream=True), request("flood", "slow", key, stream=True)
        await self.count_once(idle)
        # short requests go to the other upstream, which is not busy with streams
        await self.idle(short["slow"], idle)
        await self.slow(short["idle"], slow)

    async def count_once(self, wanted: bytes) -> None:
        """A client that leaves has its tokens counted, and the first has the tables for that loaded: they are large."""
        for stream in await open_streams(self.gateway.url, LEAVERS, wanted):
            stream.transport.abort()
        await self.recorded("end_reason", "idle", "client_left", LEAVERS)

    async def idle(self, short: bytes, wanted: bytes) -> None:
        """Many idle streams, and their leaving."""
        count, verdict = self.arguments.streams, self.verdict
        await self.in_flight(0)
        before, held = processes(self.root), await held_now(self.gateway.url, self.root)
        began = time.monotonic()
        streams = await open_streams(self.gateway.url, count, wanted)
        say(f"{count:,} streams, each with its first event after {time.monotonic() - began:.1f} s")
        async with Asker(self.gateway.url, short) as during:
            await asyncio.sleep(HOLD_SECONDS)
        self.cost(before, processes(self.root))
        verdict.most("longest answer to a short request meanwhile", max(during.seconds), ANSWER_SECONDS, "s")
        verdict.equal("streams cut before their clients left", sum(stream.lost for stream in streams), 0)

        async with Asker(self.gateway.url, short) as leaving:
            await asyncio.sleep(0.2)
            began = time.monotonic()
            for number, stream in enumerate(streams):
                stream.transport.abort()
                if number % SLICE == 0:
                    await asyncio.sleep(0)  # this process is to see the answers to short requests in time
            closed = await until(self.no_streams, 60) - began
            verdict.most("all upstream connections of theirs closed after", closed, CLOSED_SECONDS, "s")
            await self.in_flight(1)
        verdict.most("longest answer to a short request meanwhile", max(leaving.seconds), ANSWER_SECONDS, "s")
        verdict.equal("short requests that failed", during.failed + leaving.failed, 0)
        written = await self.recorded("end_reason", "idle", "client_left", count + LEAVERS)
        verdict.equal("log records of clients that left", written - LEAVERS, count)
        await self.all_back(held)

    def cost(self, before: dict[int, Process], after: dict[int, Process]) -> None:
        """What the streams cost each process that has some."""
        streams = self.arguments.streams
        grown = {pid: after[pid].descriptors - before[pid].descriptors for pid in before if pid in after}
        serving = {pid: more // DESCRIPTORS for pid, more in grown.items() if more > streams / 20}
        self.verdict.equal("workers that have streams", len(serving), self.arguments.workers)
        for number, (pid, held) in enumerate(serving.items(), 1):
            kib = (after[pid].memory - before[pid].memory) / KIB / held
            self.verdict.most(f"memory a stream, worker {number} with {held:,}", kib, STREAM_KIB, "KiB")
        say(f"        memory in all {memory(self.root) / MIB:,.0f} MiB")

    async def slow(self, short: bytes, wanted: bytes) -> None:
        """Readers at 4 kB a second, and as many that read nothing, of answers as long as the upstream makes them."""
        count, verdict = self.arguments.slow, self.verdict
        await self.in_flight(0)
        held, base = await held_now(self.gateway.url, self.root), memory(self.root)
        slow, deaf = SlowReaders(count - count // 2), SlowReaders(count // 2)
        say(f"{count:,} readers of 8 MiB each; half of them take 4 kB a second, half of them nothing")
        async with Asker(self.gateway.url, short) as meanwhile:
            await slow.open(self.gateway.url, wanted, reading=True)
            await deaf.open(self.gateway.url, wanted, reading=False)
            most = 0
            ends = time.monotonic() + IDLE_TIMEOUT + 4
            while time.monotonic() < ends:
                most = max(most, memory(self.root))
                await asyncio.sleep(0.1)
            verdict.most("memory a slow reader at the most", (most - base) / KIB / count, SLOW_KIB, "KiB")
            cut = await self.recorded("error_code", "slow", "client_stalled", count // 2)
            verdict.least(f"clients cut off after {IDLE_TIMEOUT:.0f} s of not reading", cut, count // 2)
            verdict.most("clients cut off that read slowly", cut - count // 2, 0)
            await slow.close()
            await deaf.close()
            await self.in_flight(1)
        verdict.most(
            "longest answer to a short request meanwhile", max(meanwhile.seconds), ANSWER_SECONDS, "s"
        )
        verdict.equal("short requests that failed", meanwhile.failed, 0)
        verdict.equal(
            "log records of all of them", await self.recorded("is_stream", "slow", "1", count), count
        )
        await self.all_back(held)

    async def all_back(self, before: Held) -> None:
        """Wait a while for descriptors, tasks and slots to be where they were, and say whether they are."""
        found: list[Held] = []

        async def back() -> bool:
            found[:] = [await held_now(self.gateway.url, self.root)]
            now = found[0]
            few = now.descriptors <= before.descriptors + DESCRIPTOR_SLACK
            return few and now.tasks <= before.tasks and now.busy == before.busy == 0

        await until(back, BACK_SECONDS, must=False)
        now = found[0]
        self.verdict.most(
            "open descriptors afterwards", now.descriptors, before.descriptors + DESCRIPTOR_SLACK
        )
        self.verdict.most("tasks afterwards", now.tasks, before.tasks)
        self.verdict.equal("busy and wanted upstream connections afterwards", now.busy, 0)
        self.verdict.equal("log records lost", now.dropped, 0)

    async def recorded(self, column: str, model: str, value: str, count: int) -> int:
        """Log records with a value, once there are `count`, or after a while however many there are."""

        async def there() -> bool:
            return records(self.gateway.folder, column, model)[value] >= count

        await until(there, RECORD_SECONDS, must=False)
        return records(self.gateway.folder, column, model)[value]

    async def in_flight(self, at_most: int) -> float:
        """Wait until no more requests are under way."""

        async def few() -> bool:
            return (await scrape(self.gateway.url)).total("gw_requests_in_flight") <= at_most

        return await until(few, 60)

    async def no_streams(self) -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self.upstream}/figures")
        return bool(answer.json()["streams"] == 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slow", type=int, default=500, help="slow readers, half of which read nothing")
    arguments = parser.parse_args()
    descriptors.raise_limit()
    with (
        tempfile.TemporaryDirectory() as name,
        upstream_process() as upstream,
        upstream_process() as flooding,
        gateway_process(Path(name), env=environment(Path(name), WORKERS=arguments.workers)) as gateway,
    ):
        return uvloop.run(Bench(gateway, upstream, flooding, arguments).run())


if __name__ == "__main__":
    sys.exit(main())
