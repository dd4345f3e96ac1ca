"""Looks at a running gateway from outside: memory and descriptors of its processes, its metrics, its log records."""

import asyncio
import os
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import httpx
import msgspec

_PAGE = os.sysconf("SC_PAGE_SIZE")
_SAMPLE = re.compile(r"(?m)^([a-z_]+)(?:\{([^}]*)\})? ([0-9.e+-]+)$")


class Process(msgspec.Struct, frozen=True):
    """One process at one moment."""

    pid: int
    memory: int
    """Resident bytes."""
    descriptors: int


def processes(root: int) -> dict[int, Process]:
    """The process `root` and all below it, by process id."""
    found = {root: _look(root)}
    for task in Path(f"/proc/{root}/task").iterdir():
        for child in (task / "children").read_text().split():
            found |= processes(int(child))
    return found


def memory(root: int) -> int:
    """Resident bytes of a process and all below it."""
    return sum(process.memory for process in processes(root).values())


def _look(pid: int) -> Process:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Process(pid, pages * _PAGE, len(os.listdir(f"/proc/{pid}/fd")))


class Held(msgspec.Struct, frozen=True):
    """What the gateway has at one moment, all processes together."""

    descriptors: int
    """Without those of idle upstream connections, which are kept on purpose."""
    tasks: int
    busy: int
    """Upstream connections in use or waited for."""
    dropped: int
    """Log records lost so far."""


class Metrics:
    """One scrape of `/metrics`."""

    def __init__(self, text: str) -> None:
        self._samples = [(name, labels, float(value)) for name, labels, value in _SAMPLE.findall(text)]

    def total(self, name: str, **labels: str) -> float:
        """The sum of all samples of a name that have these labels, and whatever others.

        :raises KeyError: there is no such metric: nothing could be said of it.
        """
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        if all(known != name for known, _, _ in self._samples):
            raise KeyError(name)
        return sum(
            value
            for known, found, value in self._samples
            if known == name and all(label in found for label in wanted)
        )

    def by(self, name: str, label: str) -> Counter[str]:
        """Sums of a name's samples by one of its labels; empty without such samples."""
        sums: Counter[str] = Counter()
        for known, labels, value in self._samples:
            given = re.search(f'{label}="([^"]*)"', labels) if known == name else None
            if given:
                sums[given[1]] += round(value)
        return sums


async def scrape(url: str) -> Metrics:
    """Ask a gateway for its metrics, on a connection that is closed at once."""
    async with httpx.AsyncClient(trust_env=False, timeout=30, headers={"connection": "close"}) as client:
        answer = await client.get(f"{url}/metrics")
        answer.raise_for_status()
        return Metrics(answer.text)


async def held_now(url: str, root: int) -> Held:
    """What the gateway at `url`, started as process `root`, has now."""
    metrics = await scrape(url)
    total = metrics.total
    idle = total("gw_upstream_connections", state="idle")
    descriptors = sum(process.descriptors for process in processes(root).values())
    return Held(
        descriptors=descriptors - round(idle),
        tasks=round(total("gw_tasks")),
        busy=round(total("gw_upstream_connections", state="busy") + total("gw_upstream_waiting")),
        dropped=round(total("gw_log_dropped_total")),
    )


async def until(condition: Callable[[], Awaitable[bool]], seconds: float, *, must: bool = True) -> float:
    """Ask until it is so.

    :param must: give up with a TimeoutError; else just return after so many seconds.
    :returns: when that was, in monotonic seconds.
    """
    ends = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > ends:
            if must:
                raise TimeoutError(f"not within {seconds:.0f} s")
            break
        await asyncio.sleep(0.1)
    return time.monotonic()


def records(folder: Path, column: str, model: str) -> Counter[str]:
    """Log records of a model in the gateway's SQLite file, counted by a column's value."""
    with closing(sqlite3.connect(f"file:{folder}/gateway.db?mode=ro", uri=True)) as database:
        rows = database.execute(
            f"SELECT {column}, count(*) FROM request_log WHERE requested_model = ? GROUP BY 1", (model,)
        )
        return Counter({str(value): count for value, count in rows})
