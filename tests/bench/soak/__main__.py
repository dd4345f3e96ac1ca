"""`python -m tests.bench.soak [1000000] [--workers 1] [--callers 32]`: exit code 0 where all of it holds.

A gateway in a process of its own with everything on (rules, usage, log records with bodies and facts in SQLite) answers
so many requests: 30 % streams, 5 % whose client leaves at a random moment, 2 % faults of the upstream, two protocols.
The clients compare every answer with what it must be. Afterwards: has memory grown, is everything given back, does
every request have its record, and do the metrics say what the clients saw? Linux only: it reads `/proc`.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from app.cli import descriptors
from tests.bench.soak import upstream
from tests.bench.soak.callers import Stalled, Tally, call
from tests.bench.soak.mix import LONG_SHARE, PROTOCOLS, Kind, mixture, model
from tests.bench.streams.verdict import MIB, Verdict, say
from tests.bench.streams.watch import Held, Metrics, held_now, memory, records, scrape, until
from tests.support.gateway import GatewayProcess, environment, gateway_process

SLOPE = 1.0
"""MiB that memory may grow by in 100,000 requests."""
UNIT = 100_000
WARM_UP = 2_000
"""Requests before anything is noted."""
WARM_SHARE = 0.2
"""Of the samples, which are left out of the line: buffers and caches fill."""
SAMPLES = 200
SHORT = 200_000
"""With fewer requests the slope says nothing; then memory may have grown by `SHORT_MIB` at the end."""
SHORT_MIB = 6.0
DESCRIPTOR_SLACK = 8
"""The database opens files when it is first read or written from somewhere else."""
BACK_SECONDS = 60.0
LEFT_SHARE = LONG_SHARE * 0.75
"""Of the clients that left: those the gateway must have missed before it had written the whole answer."""
RULE = 'headers.x-tenant == "soak" and body.max_tokens <= 4096'


class Soak:
    """One run."""

    def __init__(self, gateway: GatewayProcess, arguments: argparse.Namespace) -> None:
        self.gateway = gateway
        self.arguments = arguments
        self.verdict = Verdict()
        self.root = gateway.process.pid
        self.samples: list[tuple[int, int]] = []
        """Requests that were over, and resident bytes then."""
        self.began = time.monotonic()

    async def run(self) -> int:
        try:
            await self.all()
        except Stalled as stalled:
            self.verdict.broken(f"nothing was answered any more; waiting: {stalled}", self.gateway.log())
        return self.verdict.end()

    async def all(self) -> None:
        server = await upstream.serve()
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with self.gateway.admin() as admin:
            keys = {
                protocol: await admin.route(model(protocol), url, protocol=protocol, rule=RULE)
                for protocol in PROTOCOLS
            }
        count, seed = self.arguments.count, self.arguments.seed
        warm = Tally(WARM_UP, lambda over: None)
        await self.ask(mixture(keys, WARM_UP, seed + 1), warm)
        await self.quiet()
        held, before = await self.held(), await scrape(self.gateway.url)

        tally = Tally(max(count // SAMPLES, 1), self.sample)
        self.began = time.monotonic()
        await self.ask(mixture(keys, count, seed), tally)
        seconds = time.monotonic() - self.began
        say(f"{count:,} requests in {seconds:,.0f} s: {count / seconds:,.0f} a second")
        await self.quiet()
        self.memory()
        await self.all_back(held)
        self.answers(tally, warm, before, await scrape(self.gateway.url))
        server.close()

    async def ask(self, kinds: Iterator[Kind], tally: Tally) -> None:
        parts = urlsplit(self.gateway.url)
        assert parts.hostname
        assert parts.port
        await call(parts.hostname, parts.port, self.arguments.callers, kinds, tally, self.arguments.seed)

    def sample(self, over: int) -> None:
        self.samples.append((over, memory(self.root)))
        if len(self.samples) % (SAMPLES // 10) == 0:
            rate = over / (time.monotonic() - self.began)
            say(f"        {over:>9,} over, {rate:,.0f} a second, {self.samples[-1][1] / MIB:,.1f} MiB")

    async def quiet(self) -> None:
        """Nothing is under way, and all records have been written."""

        async def is_so() -> bool:
            total = (await scrape(self.gateway.url)).total
            return total("gw_requests_in_flight") == total("gw_log_queue") == 0

        await until(is_so, BACK_SECONDS, must=False)

    async def held(self) -> Held:
        return await held_now(self.gateway.url, self.root)

    def memory(self) -> None:
        """The slope of a line through the samples; beside it that of most pairs, which one step does not change."""
        kept = self.samples[round(len(self.samples) * WARM_SHARE) :]
        xs, ys = [over for over, _ in kept], [size / MIB for _, size in kept]
        slope = _slope(xs, ys)
        if self.arguments.count >= SHORT:
            self.verdict.most(f"memory growth in {UNIT:,} requests", slope * UNIT, SLOPE, "MiB")
        else:
            span = xs[-1] - xs[0]
            self.verdict.most(f"memory growth in {span:,} requests", slope * span, SHORT_MIB, "MiB")
        pairs = [(d - c) / (b - a) for (a, c), (b, d) in itertools.combinations(zip(xs, ys, strict=True), 2)]
        say(f"        between most pairs of samples {statistics.median(pairs) * UNIT:.2f} MiB in {UNIT:,}")

    async def all_back(self, before: Held) -> None:
        """Descriptors, tasks and connections are where they were."""
        found: list[Held] = []

        async def back() -> bool:
            found[:] = [await self.held()]
            now = found[0]
            few = now.descriptors <= before.descriptors + DESCRIPTOR_SLACK
            return few and now.tasks <= before.tasks and now.busy == 0

        await until(back, BACK_SECONDS, must=False)
        now, metrics = found[0], await scrape(self.gateway.url)
        verdict = self.verdict
        verdict.most("open descriptors afterwards", now.descriptors, before.descriptors + DESCRIPTOR_SLACK)
        verdict.most("tasks afterwards", now.tasks, before.tasks)
        verdict.equal("busy and wanted upstream connections afterwards", now.busy, 0)
        idle = round(metrics.total("gw_upstream_connections", state="idle"))
        verdict.equal(
            "connections the upstream sees, and the gateway's idle ones", upstream.Upstream.open, idle
        )
        verdict.equal("requests in flight afterwards", round(metrics.total("gw_requests_in_flight")), 0)

    def answers(self, tally: Tally, warm: Tally, before: Metrics, after: Metrics) -> None:
        """Records and metrics against what the clients saw."""
        verdict, folder = self.verdict, self.gateway.folder
        verdict.equal("answers that were not as they should be", len(tally.wrong) + len(warm.wrong), 0)
        for line in filter(None, warm.wrong + tally.wrong):
            say(f"        {line}")
        say(f"        clients that left {tally.left:,}, streams that were cut {tally.cut:,}")
        seen, left = tally.sent + warm.sent, tally.left + warm.left
        ends: Counter[str] = sum(
            (records(folder, "end_reason", model(name)) for name in PROTOCOLS), Counter()
        )
        say(f"        log records {', '.join(f'{name} {count:,}' for name, count in sorted(ends.items()))}")
        verdict.equal("log records", ends.total(), seen)
        verdict.equal("... of streams that were cut", ends["truncated"], tally.cut + warm.cut)
        verdict.most("... of clients that left", ends["client_left"], left)
        verdict.least("... of clients that left", ends["client_left"], round(left * LEFT_SHARE))
        verdict.equal("log records lost", round(after.total("gw_log_dropped_total")), 0)
        counted = after.by("gw_requests_total", "status")
        counted.subtract(before.by("gw_requests_total", "status"))
        verdict.equal("requests counted by the metrics", counted.total(), tally.sent)
        for digit in "25":
            ours = sum(count for status, count in tally.statuses.items() if status // 100 == int(digit))
            verdict.least(f"... with status {digit}xx", counted[f"{digit}xx"], ours)
            verdict.most(f"... with status {digit}xx", counted[f"{digit}xx"], ours + tally.left)
        tries = after.total("gw_attempts_total")
        verdict.least("requests that reached the upstream", upstream.Upstream.requests, tries - left)
        # one that met a connection closed meanwhile is sent once more without counting as two
        resent = after.total("gw_attempts_total", outcome="reset")
        verdict.most("requests that reached the upstream", upstream.Upstream.requests, tries + resent)


def _slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Of the line with the least squares of distances."""
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=1_000_000, help="requests")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--callers", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    descriptors.raise_limit()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = environment(folder, RETRY_MAX_ATTEMPTS=2, RETRY_DELAY_MS=10, WORKERS=arguments.workers)
        with gateway_process(folder, env=settings) as gateway:
            return uvloop.run(Soak(gateway, arguments).run())


if __name__ == "__main__":
    sys.exit(main())
