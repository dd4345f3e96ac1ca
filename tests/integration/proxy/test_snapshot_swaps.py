"""A thousand concurrent calls while the configuration changes: exact turns, and no request sees half a change."""

import asyncio
from collections import Counter

import httpx

from app.domain.model import Strategy, Target
from app.domain.snapshot import RoutingSnapshot
from tests.support.hotpath import HotPath, hot_path, provider, route, target, until

CALLS = 1000
CHANGES = 100


class Echo(httpx.AsyncBaseTransport):
    """Notes which credential went to which host with which model; answers after a turn of the loop."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        body = await request.aread()
        self.seen.append((request.url.host, request.headers["authorization"], body))
        return httpx.Response(200, headers={"content-type": "application/json"}, content=b"{}")


def configuration(version: int) -> list[Target]:
    """Three equal targets whose host, credential and model all carry the version."""
    return [
        target(
            provider(f"http://host-{n}-v{version}.test", n, credential=f"key-{n}-v{version}"),
            model=f"model-{n}-v{version}",
        )
        for n in (1, 2, 3)
    ]


def snapshot(path: HotPath, version: int) -> RoutingSnapshot:
    new = route(configuration(version), strategy=Strategy.ROUND_ROBIN)
    return RoutingSnapshot(version, path.source.current.keys, {"m": new})


async def test_round_robin_is_exact_and_changes_are_atomic() -> None:
    transport = Echo()
    first = route(configuration(0), strategy=Strategy.ROUND_ROBIN)
    async with hot_path(first, transport=transport, revision=0) as path:
        gate = asyncio.Semaphore(100)

        async def call() -> int:
            async with gate:
                return (await path.chat()).status_code

        async def change() -> None:
            for version in range(1, CHANGES + 1):
                done = len(transport.seen)
                enough = min(done + CALLS // CHANGES // 2, CALLS)
                await until(lambda enough=enough: len(transport.seen) >= enough)  # type: ignore[misc]  # bound now
                path.source.current = snapshot(path, version)

        changing = asyncio.create_task(change())
        statuses = await asyncio.gather(*(call() for _ in range(CALLS)))
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)
        assert Counter(statuses) == {200: CALLS}

        turns = Counter(host.split("-")[1] for host, _, _ in transport.seen)
        assert max(turns.values()) - min(turns.values()) <= 1
        for host, authorization, body in transport.seen:
            mark = host.removeprefix("host-").removesuffix(".test")
            assert authorization == f"Bearer key-{mark}"
            assert f'"model-{mark}"'.encode() in body
        versions = {host.split("-v")[1] for host, _, _ in transport.seen}
        assert len(versions) > 20, "the changes happened while calls were under way"
        records = await path.records.wait(CALLS)
        assert all(f"v{r.revision}" in (r.target_model or "") for r in records)
