"""A gateway of several workers, seen from outside: a client for each, and its processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.gateway import Gateway

MOST_TRIES = 200


@asynccontextmanager
async def client_of_each(
    gateway: Gateway, key: str, count: int = 2
) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Clients in the order of the workers, each with one connection that it keeps."""
    found: dict[str, httpx.AsyncClient] = {}
    async with AsyncExitStack() as stack:
        for _ in range(MOST_TRIES):
            client = httpx.AsyncClient(
                base_url=gateway.url,
                headers={"authorization": f"Bearer {key}"},
                trust_env=False,
                timeout=30,
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None),
            )
            number = (await client.get("/readyz")).headers["x-gw-worker"]
            if number in found:
                await client.aclose()
            else:
                stack.push_async_callback(client.aclose)
                found[number] = client
            if len(found) == count:
                break
        yield [found[f"{number}/{count}"] for number in range(1, count + 1)]


async def samples(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """All metrics: by name and, sorted, label values."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def total(found: dict[tuple[str, ...], float], name: str) -> float:
    """The sum over all labels."""
    return sum(value for key, value in found.items() if key[0] == name)


def children(pid: int) -> list[int]:
    """The processes that a process has started (Linux), in their order."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def answers(client: httpx.AsyncClient) -> bool:
    """Whether a worker still answers on this connection; a client makes a new one where the old one is gone."""
    try:
        return (await client.get("/livez")).status_code == 200
    except httpx.TransportError:
        return False


async def ended(pid: int, seconds: float = 15.0) -> None:
    """Wait until the process is gone."""
    async with asyncio.timeout(seconds):
        while Path(f"/proc/{pid}").exists():  # noqa: ASYNC110, ASYNC240  # /proc has no event and takes no time
            await asyncio.sleep(0.02)
