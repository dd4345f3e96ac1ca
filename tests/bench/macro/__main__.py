"""`just bench`: measures the gateway, and with `--write` renews docs/performance.md.

Prints tables of the parts and of the whole; ends with 1 when an answer was wrong or a record is missing.
"""

import argparse
import contextlib
import math
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from tests.bench import micro
from tests.bench.macro import targets
from tests.bench.macro.cases import Case, write
from tests.bench.macro.chart import chart
from tests.bench.macro.measure import WARM_UP, Bench, Outcome, measurements, records
from tests.bench.macro.native import CannotRun, compiler
from tests.bench.macro.processes import Cores, memory_mib, settled_cpu_seconds
from tests.bench.macro.report import Result, between, describe_machine, macro_table, micro_table, summary
from tests.support.gateway import ROOT

PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "images" / "performance.svg"
LEAVE_MILLISECONDS = 1000
"""The longest an upstream's stream may stay open after its caller has left."""


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    started = time.monotonic()
    result = Result(describe_machine(), options.rounds)
    with tempfile.TemporaryDirectory(prefix="llm-gateway-bench-") as name:
        folder = Path(name)
        cases = write(folder)
        try:
            if not options.micro:
                compiler()
            if not options.macro:
                _say("parts of the gateway, in this process")
                seconds = 0.1 if options.quick else 0.5
                result.parts = list(micro.measured(folder, cases, seconds))
            if not options.micro:
                _macro(result, folder, cases, options)
        except CannotRun as problem:
            sys.exit(str(problem))
    _show(result, time.monotonic() - started)
    if options.out:
        options.out.write_bytes(msgspec.json.format(msgspec.json.encode(result)))
    if result.problems:
        sys.exit(1)
    if options.write:
        renew(result, PAGE, PICTURE)
        _say(f"renewed {PAGE.relative_to(ROOT)} and {PICTURE.relative_to(ROOT)}")


def renew(result: Result, page: Path, picture: Path) -> None:
    """Put a run's figures into the page and the picture."""
    text = page.read_text("utf-8")
    if result.figures:
        text = between(text, "macro", f"{macro_table(result)}\n\n{summary(result)}")
        picture.write_text(chart(result), "utf-8")
    if result.parts:
        text = between(text, "micro", micro_table(result.parts))
    page.write_text(text, "utf-8")


def _macro(result: Result, folder: Path, cases: dict[str, Case], options: argparse.Namespace) -> None:
    cores = Cores(options.workers)
    os.sched_setaffinity(0, cores.load)
    bench = Bench(folder, cases, cores)
    asked: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        stack.enter_context(bench.upstream())
        _say("starting the targets")
        running = _start(stack, bench, options.workers)
        ours = running[-1]
        asked[ours.name] = 1  # the first answer
        for target in running:
            for load in WARM_UP:
                _count(result, asked, target, load.case, bench.run(target, load))
            if target.pid is not None:
                settled_cpu_seconds(target.pid)
        for number in range(options.rounds):
            for measurement in measurements(options.scale):
                # side by side, and each first in turn: a slow minute of the machine touches all alike
                for target in running[number % len(running) :] + running[: number % len(running)]:
                    outcome, figures = bench.measure(target, measurement)
                    _count(result, asked, target, measurement.load.case, outcome)
                    result.add(target.name, figures)
            _say(f"round {number + 1} of {options.rounds}")
        for target in running:
            _add_process(result, target)
        _leave(result, asked, bench, ours)
        counts = bench.ask_upstream("/counts")
        if counts["refused"]:
            result.problems.append(f"{counts['refused']} requests reached the upstream changed")
    _check_records(result, folder, asked[ours.name])


def _start(stack: contextlib.ExitStack, bench: Bench, workers: int) -> list[targets.Target]:
    """Direct, nginx where there is one, pass-through, gateway."""
    arguments = (bench.port, bench.folder, bench.cores, bench.cases["small"])
    running = [targets.Target(targets.DIRECT, bench.port)]
    if targets.nginx_program():
        running.append(stack.enter_context(targets.nginx(*arguments)))
    running.append(stack.enter_context(targets.bare(*arguments)))
    running.append(stack.enter_context(targets.gateway(*arguments, workers)))
    return running


def _count(
    result: Result, asked: dict[str, int], target: targets.Target, case: str, outcome: Outcome
) -> None:
    asked[target.name] = asked.get(target.name, 0) + outcome.asked
    result.requests += outcome.right + outcome.wrong
    if outcome.wrong or outcome.failed:
        result.problems.append(
            f"{target.name}, {case}: {outcome.wrong} wrong and {outcome.failed} broken of {outcome.asked} answers"
        )


def _leave(result: Result, asked: dict[str, int], bench: Bench, ours: targets.Target) -> None:
    """Callers that leave in the middle: are their streams closed, and what does counting their tokens take?"""
    outcome, milliseconds = bench.leave(ours)
    _count(result, asked, ours, "leaving", outcome)
    if ours.pid is not None:
        settled_cpu_seconds(ours.pid)
        result.add(ours.name, {"counted_mib": memory_mib(ours.pid)})
    if milliseconds is None or milliseconds > LEAVE_MILLISECONDS:
        result.problems.append(f"streams of {outcome.given_up} callers that left stay open at the upstream")
    else:
        result.checks.append(
            f"{outcome.given_up} callers left in the middle of a stream: all closed at the upstream "
            f"{math.ceil(milliseconds / 10) * 10} ms after the last had left"
        )


def _add_process(result: Result, target: targets.Target) -> None:
    if target.pid is not None and target.start_seconds is not None and target.idle_mib is not None:
        loaded = memory_mib(target.pid)
        result.add(
            target.name,
            {"start_seconds": target.start_seconds, "idle_mib": target.idle_mib, "loaded_mib": loaded},
        )


def _check_records(result: Result, folder: Path, asked: int) -> None:
    logged, payloads = records(folder)
    if (logged, payloads) == (asked, asked):
        result.checks.append(
            "each of the gateway's requests has its log record in SQLite, with request and answer"
        )
    else:
        result.problems.append(
            f"of {asked:,} requests {logged:,} have a log record, {payloads:,} with a body"
        )


def _show(result: Result, seconds: float) -> None:
    if result.parts:
        sys.stdout.write(f"\n{micro_table(result.parts)}\n")
    if result.figures:
        sys.stdout.write(f"\n{macro_table(result)}\n\n{summary(result)}\n")
    sys.stdout.write(f"\n{seconds:.0f} s\n")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just bench", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="one short round: a minute, and less to rely on")
    parser.add_argument("--rounds", type=int, help="3 unless given; figures are their medians")
    parser.add_argument("--scale", type=float, help="length of each measurement; 1.0 unless given")
    parser.add_argument(
        "--workers", type=int, default=1, help="processes of the gateway, on all cores but the last"
    )
    parser.add_argument("--write", action="store_true", help="renew docs/performance.md and its chart")
    parser.add_argument("--out", type=Path, help="a file for all figures, as JSON")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--micro", action="store_true", help="only the parts; needs neither Linux nor a C compiler"
    )
    which.add_argument("--macro", action="store_true", help="only the whole")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.scale = options.scale or (0.3 if options.quick else 1.0)
    return options


if __name__ == "__main__":
    main()
