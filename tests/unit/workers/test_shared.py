"""Shared memory between processes: what one writes the other reads, and a lock has one holder."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.gateway import ROOT

shared = pytest.importorskip("app.workers.shared", reason="there are no several workers on this system")

OTHER = """
import sys
from app.workers.shared import Shared, left
memory = Shared(int(sys.argv[1]))
with memory.turn(memory.REPLAY) as is_ours:
    print(memory.keys[5], memory.logins[0], memory.secret.hex(), left(int(sys.argv[1])), is_ours)
memory.keys[6] = 2.5
"""


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = shared.make()
    yield descriptor
    os.close(descriptor)


def other(memory: int) -> list[str]:
    """What another process finds."""
    program = [sys.executable, "-c", OTHER, str(memory)]
    env = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(program, env=env, pass_fds=[memory], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_both_see_the_same(memory: int) -> None:
    ours = shared.Shared(memory)
    shared.leave(memory, "note")
    ours.keys[5], ours.logins[0] = 1.5, 0.5
    assert other(memory) == ["1.5", "0.5", ours.secret.hex(), "note", "True"]
    assert ours.keys[6] == 2.5


def test_a_turn_is_one_process_s(memory: int) -> None:
    ours = shared.Shared(memory)
    with ours.turn(ours.REPLAY) as is_ours:
        assert is_ours
        assert other(memory)[-1] == "False"
        with ours.locked(ours.LOGIN):  # another lock
            pass
    assert other(memory)[-1] == "True"
