"""The measurements: what is sent, for how long, and what is made of it."""

import contextlib
import http.client
import json
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.macro.cases import FLOOD_EVENT_BYTES, FLOOD_EVENTS, Case
from tests.bench.macro.native import program
from tests.bench.macro.processes import (
    Cores,
    cpu_seconds,
    forget_peak,
    memory_mib,
    peak_mib,
    settled_cpu_seconds,
    stop,
)
from tests.bench.macro.targets import Target

MILLISECOND = 1000
"""In microseconds, which is what the upstream is told."""


class Load(msgspec.Struct, frozen=True):
    """One run of the callers. Either `seconds` or `requests` ends it."""

    case: str
    callers: int = 1
    seconds: float = 0.0
    requests: int = 0
    event_delay: int = 0
    """Microseconds between two events of the upstream."""
    bytes_per_second: int = 0
    """How fast each caller reads; 0: as fast as it comes."""
    give_up_percent: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """What the callers say (`c/load.c`)."""

    seconds: float
    right: int
    wrong: int
    failed: int
    given_up: int
    first_byte_p50: float
    first_byte_p99: float
    whole_p50: float
    whole_p99: float

    @property
    def asked(self) -> int:
        return self.right + self.wrong + self.failed + self.given_up


class Measurement(msgspec.Struct, frozen=True):
    """A load, and the figures made of its outcome, of the CPU seconds used and of the case."""

    load: Load
    figures: Callable[[Outcome, float, Case], dict[str, float]]


def _one_caller(outcome: Outcome, cpu: float, _case: Case) -> dict[str, float]:
    return {"one_p50": outcome.whole_p50, "one_p99": outcome.whole_p99, "one_cpu": cpu / outcome.right * 1e6}


def _many_callers(outcome: Outcome, cpu: float, _case: Case) -> dict[str, float]:
    return {
        "many_rate": outcome.right / outcome.seconds,
        "many_p99": outcome.whole_p99 / 1000,
        "many_cpu": cpu / outcome.right * 1e6,
    }


def _large(outcome: Outcome, cpu: float, _case: Case) -> dict[str, float]:
    return {"large_p50": outcome.whole_p50, "large_cpu": cpu / outcome.right * 1e6}


def _first_event(outcome: Outcome, _cpu: float, _case: Case) -> dict[str, float]:
    return {"first_event": outcome.first_byte_p50}


def _per_event(name: str) -> Callable[[Outcome, float, Case], dict[str, float]]:
    return lambda outcome, cpu, case: {name: cpu / outcome.right / case.events * 1e6}


def _messages(outcome: Outcome, cpu: float, _case: Case) -> dict[str, float]:
    return {"messages_cpu": cpu / outcome.right * 1e6}


def _slow_readers(outcome: Outcome, cpu: float, case: Case) -> dict[str, float]:
    return {"slow_cpu": cpu / outcome.right / (len(case.answer) / 2**20) * 1e6}


FLOOD_BYTES = FLOOD_EVENTS * FLOOD_EVENT_BYTES


def measurements(scale: float) -> list[Measurement]:
    """All of them. :param scale: 1.0 for about 12 seconds a target and round."""

    def count(number: int) -> int:
        return max(8, round(number * scale / 8) * 8)

    slowly = Load("flood", callers=8, requests=8, bytes_per_second=round(FLOOD_BYTES / max(0.4, scale)))
    spaced = 10 * MILLISECOND  # less than a process can do, so that events don't come in heaps
    return [
        Measurement(Load("small", seconds=1.2 * scale), _one_caller),
        Measurement(Load("small", callers=32, seconds=2 * scale), _many_callers),
        Measurement(Load("large", seconds=1.2 * scale), _large),
        Measurement(Load("stream", requests=count(16), event_delay=MILLISECOND), _first_event),
        Measurement(
            Load("stream", callers=8, requests=count(32), event_delay=spaced), _per_event("event_cpu")
        ),
        Measurement(Load("messages", callers=32, seconds=1.2 * scale), _messages),
        Measurement(
            Load("messages-stream", callers=8, requests=count(24), event_delay=spaced),
            _per_event("messages_event_cpu"),
        ),
        Measurement(slowly, _slow_readers),
    ]


WARM_UP = [
    Load("small", callers=8, seconds=0.5),
    Load("large", callers=2, seconds=0.2),
    Load("stream", callers=8, requests=16),
    Load("messages", callers=8, seconds=0.2),
    Load("messages-stream", callers=8, requests=16),
]
LEAVING = Load("stream", callers=32, requests=64, event_delay=40 * MILLISECOND, give_up_percent=100)


class Bench:
    """The upstream and the callers, with the folder they share."""

    def __init__(self, folder: Path, cases: dict[str, Case], cores: Cores) -> None:
        self.folder = folder
        self.cases = cases
        self.cores = cores
        self._callers = program("load")
        self.port = 0

    @contextlib.contextmanager
    def upstream(self) -> Iterator[None]:
        process = self.cores.start([str(program("upstream")), str(self.folder)], self.cores.load)
        try:
            assert process.stdout
            self.port = int(process.stdout.readline())
            yield
        finally:
            stop(process)

    def ask_upstream(self, path: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()

    def run(self, target: Target, load: Load) -> Outcome:
        """Let the callers call."""
        case = self.cases[load.case]
        self.ask_upstream(f"/delay/{load.event_delay}")
        argv: list[object] = [self._callers, "-p", target.port, "-u", case.path, "-c", load.callers]
        argv += ["-b", self.folder / target.body_file(case), "-x", self.folder / case.answer_file]
        argv += ["-n", load.requests] if load.requests else ["-t", load.seconds]
        if target.key:
            argv += ["-k", target.key]
        if load.bytes_per_second:
            argv += ["-s", load.bytes_per_second]
        if load.give_up_percent:
            argv += ["-q", load.give_up_percent]
        process = self.cores.start([str(part) for part in argv], self.cores.load, stderr=subprocess.PIPE)
        said, complaints = process.communicate(timeout=300)
        if process.returncode:
            raise RuntimeError(f"{target.name}, {load.case}: the callers failed: {complaints.strip()}")
        return msgspec.json.decode(said, type=Outcome)

    def measure(self, target: Target, measurement: Measurement) -> tuple[Outcome, dict[str, float]]:
        """One measurement of a target at rest, which rests again afterwards; no figures where no answer was right."""
        load, pid = measurement.load, target.pid
        if pid is None:
            outcome = self.run(target, load)
            cpu = 0.0
        else:
            before, held = cpu_seconds(pid), memory_mib(pid)
            forget_peak(pid)
            outcome = self.run(target, load)
            cpu = settled_cpu_seconds(pid) - before
        if not outcome.right:
            return outcome, {}
        figures = measurement.figures(outcome, cpu, self.cases[load.case])
        if pid is None:
            return outcome, {name: value for name, value in figures.items() if not name.endswith("_cpu")}
        if load.bytes_per_second:
            figures["slow_mib"] = max(0.0, peak_mib(pid) - held)
        return outcome, figures

    def leave(self, target: Target, load: Load = LEAVING) -> tuple[Outcome, float | None]:
        """Callers that give up in the middle of a stream.

        :returns: milliseconds from the last one's leaving until no stream was open at the upstream; None: over 5 s.
        """
        outcome = self.run(target, load)
        left = time.monotonic()
        while time.monotonic() < left + 5:
            if not self.ask_upstream("/counts")["streaming"]:
                return outcome, (time.monotonic() - left) * 1000
            time.sleep(0.002)
        return outcome, None


def records(folder: Path) -> tuple[int, int]:
    """Log records, and stored requests and answers, in the gateway's database."""
    connection = sqlite3.connect(f"file:{folder}/gateway.db?mode=ro", uri=True)
    with contextlib.closing(connection):
        logs, payloads = connection.execute(
            "SELECT count(*), count(payload_file) FROM request_log"
        ).fetchone()
    return int(logs), int(payloads)
