"""What a run found, as a table for terminals and for docs/performance.md."""

import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

import msgspec

from tests.bench.macro.targets import BARE, DIRECT, GATEWAY, NGINX


class Row(msgspec.Struct, frozen=True):
    """One line of the table."""

    figure: str
    label: str
    unit: str
    digits: int = 0
    compared: bool = True
    """Less is better, and the ratio to the pass-through says something."""


CPU_ROWS = (
    Row("many_cpu", "request of 2 kB", "µs"),
    Row("large_cpu", "request of 200 kB", "µs"),
    Row("messages_cpu", "Anthropic request of 2 kB", "µs"),
    Row("event_cpu", "event of a stream", "µs", 1),
    Row("messages_event_cpu", "event of an Anthropic stream", "µs", 1),
    Row("slow_cpu", "1 MiB of a slowly read stream", "µs"),
)
"""CPU time: the figures that stand for the gateway's cost, and that the chart shows."""

OTHER_ROWS = (
    Row("one_p50", "one caller, 2 kB: median", "µs"),
    Row("one_p99", "one caller, 2 kB: 99th percentile", "µs"),
    Row("large_p50", "one caller, 200 kB: median", "µs"),
    Row("first_event", "first event of a stream: median", "µs"),
    Row("many_p99", "32 callers, 2 kB: 99th percentile", "ms", 1),
    Row("many_rate", "32 callers, 2 kB: requests a second", "", compared=False),
)
MEMORY_ROWS = (
    Row("start_seconds", "start to first answer", "s", 2),
    Row("idle_mib", "memory after the start", "MiB"),
    Row("loaded_mib", "memory after all of this", "MiB"),
    Row("counted_mib", "memory once tokens were counted", "MiB", compared=False),
    Row("slow_mib", "8 slow readers of 4 MiB: memory more by", "MiB", 1, compared=False),
)

Figures = dict[str, list[float]]
"""By name the values of all rounds."""


class Part(msgspec.Struct, frozen=True):
    """What one part of the gateway costs, by itself."""

    name: str
    microseconds: float


class Result(msgspec.Struct):
    """What a run found."""

    machine: str
    rounds: int
    figures: dict[str, Figures] = {}
    """By target."""
    requests: int = 0
    """Answered to any target's callers and compared."""
    checks: list[str] = []
    """What was checked besides and held."""
    problems: list[str] = []
    """What was not as it should be; a run with one is no run to show."""
    parts: list[Part] = []

    def add(self, target: str, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            self.figures.setdefault(target, {}).setdefault(name, []).append(value)

    def middle(self, target: str, figure: str) -> float | None:
        """The median of the rounds, if it was measured."""
        values = self.figures.get(target, {}).get(figure)
        return median(values) if values else None

    def ratios(self, target: str, figure: str) -> list[float]:
        """The target to the pass-through, of each round."""
        ours = self.figures.get(target, {}).get(figure, [])
        theirs = self.figures.get(BARE, {}).get(figure, [])
        return [a / b for a, b in zip(ours, theirs, strict=False) if b > 0]

    @property
    def gateway(self) -> str:
        """The gateway's name in this run."""
        return next((name for name in self.figures if name.startswith(GATEWAY)), GATEWAY)

    @property
    def targets(self) -> list[str]:
        return [name for name in (DIRECT, NGINX, BARE, self.gateway) if name in self.figures]


def describe_machine() -> str:
    """Processor, cores, Python; no date and no host name."""
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    name = re.sub(r"\s+", " ", found[1]).strip() if found else platform.machine()
    cores = len(os.sched_getaffinity(0))
    parts = [
        f"{name}, {cores} core{'s' if cores > 1 else ''}",
        f"{platform.system()} {platform.release().split('-')[0]}",
        f"Python {platform.python_version()}",
        f"uvicorn {version('uvicorn')}",
        f"uvloop {version('uvloop')}",
    ]
    return ", ".join(parts)


def macro_table(result: Result) -> str:
    """The table of the runs against each other, in Markdown."""
    names = result.targets
    head = ["CPU time of one", "", *names, f"{GATEWAY} ÷ {BARE}"]
    lines = [_line(head), "|---|---|" + "--:|" * (len(names) + 1)]
    for title, rows in (
        ("", CPU_ROWS),
        ("**time and throughput**", OTHER_ROWS),
        ("**process**", MEMORY_ROWS),
    ):
        if title:
            lines.append(_line([title, *[""] * (len(names) + 2)]))
        lines += [_line(_cells(result, row, names)) for row in rows]
    return "\n".join(lines)


def _cells(result: Result, row: Row, names: Sequence[str]) -> list[str]:
    values = [result.middle(name, row.figure) for name in names]
    shown = ["–" if value is None else f"{value:,.{row.digits}f}" for value in values]
    ratios = result.ratios(result.gateway, row.figure) if row.compared else []
    return [row.label, row.unit, *shown, _spread(ratios)]


def _spread(ratios: list[float]) -> str:
    if not ratios:
        return ""
    middle = f"**{median(ratios):.2f}**"
    return middle if len(ratios) == 1 else f"{middle} ({min(ratios):.2f}–{max(ratios):.2f})"


def micro_table(parts: Sequence[Part]) -> str:
    """The table of single parts, each compared with the first."""
    unit = parts[0].microseconds
    lines = ["| part | CPU time, µs | in `json.loads` of the 2 kB body |", "|---|--:|--:|"]
    lines += [
        _line([part.name, _plain(part.microseconds), _plain(part.microseconds / unit)]) for part in parts
    ]
    return "\n".join(lines)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def summary(result: Result) -> str:
    """What stands under the table: how it was measured, what was checked."""
    rounds = f"{result.rounds} round{'s' if result.rounds > 1 else ''}"
    lines = [f"{result.machine}. {rounds}; figures are medians. {result.requests:,} answers compared."]
    lines += [f"- {check}" for check in result.checks]
    lines += [f"- **PROBLEM** {problem}" for problem in result.problems]
    return "\n".join(lines)


def between(text: str, mark: str, content: str) -> str:
    """The text with what stands between the lines `<!-- mark -->` and `<!-- /mark -->` replaced.

    :raises ValueError: the marks are not there.
    """
    start, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    before, opened, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise ValueError(f"no `<!-- {mark} -->` ... `<!-- /{mark} -->`")
    return f"{before}{start}{content}\n{end}{after}"
