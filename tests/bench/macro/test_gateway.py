"""The gateway as the benchmark measures it: everything on, all answers right, no record missing."""

from pathlib import Path

import pytest

from tests.bench.macro import targets
from tests.bench.macro.cases import write
from tests.bench.macro.measure import MILLISECOND, Bench, Load, records
from tests.bench.macro.native import CannotRun, compiler
from tests.bench.macro.processes import Cores, memory_mib, settled_cpu_seconds


def test_the_gateway_passes_what_it_is_measured_with(tmp_path: Path) -> None:
    try:
        compiler()
    except CannotRun as problem:
        pytest.skip(str(problem))
    bench = Bench(tmp_path, write(tmp_path), Cores())
    asked = 1
    with (
        bench.upstream(),
        targets.gateway(bench.port, tmp_path, bench.cores, bench.cases["small"]) as target,
    ):
        assert target.pid is not None
        before = settled_cpu_seconds(target.pid)
        for case in bench.cases:
            outcome = bench.run(target, Load(case, callers=3, requests=6))
            assert (outcome.right, outcome.wrong, outcome.failed) == (6, 0, 0), case
            asked += outcome.asked
        load = Load("stream", callers=8, requests=8, event_delay=5 * MILLISECOND, give_up_percent=100)
        outcome, closed_after = bench.leave(target, load)
        assert outcome.given_up == 8
        assert closed_after is not None
        asked += outcome.asked
        assert settled_cpu_seconds(target.pid) > before
        assert memory_mib(target.pid) > 10
        assert bench.ask_upstream("/counts")["refused"] == 0
    assert records(tmp_path) == (asked, asked)
