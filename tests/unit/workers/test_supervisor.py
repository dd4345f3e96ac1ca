"""The supervisor with puppets for workers, as processes: they cost a hundredth of a real one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.gateway import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no several workers")


class Puppets:
    """Running ones, and what they have printed."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.pids: dict[int, int] = {}
        self.seen: list[str] = []

    def line(self, beginning: str) -> str:
        """The next line that begins so; others are passed over."""
        assert self.process.stdout
        for line in self.process.stdout:
            words = line.split()
            self.seen.append(line.strip())
            if words[0] == "born":
                self.pids[int(words[1])] = int(words[2])
            if line.startswith(beginning):
                return line.strip()
        raise AssertionError(f"no {beginning!r} in {self.seen}; {self.log()}")

    def tell(self, number: int, text: str) -> None:
        draft = self.folder / f"draft-{number}"
        draft.write_text(text)
        draft.rename(self.folder / str(number))

    def kill(self, number: int) -> None:
        os.kill(self.pids[number], signal.SIGKILL)

    def log(self) -> str:
        return (self.folder / "log").read_text()


@contextmanager
def puppets(folder: Path, workers: int) -> Iterator[Puppets]:
    program = [sys.executable, "-m", "tests.unit.workers.puppets", str(workers)]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            program,
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            yield Puppets(process, folder)
        finally:
            process.kill()


def test_the_first_leads_and_the_greeting_comes_when_all_are_up(tmp_path: Path) -> None:
    with puppets(tmp_path, 3) as three:
        three.line("greeting")
        assert [line.split()[1] for line in three.seen[:1]] == ["1"]
        assert [line for line in three.seen if line.startswith("born") and "leads" in line] == [three.seen[0]]
        assert sorted(three.pids) == [1, 2, 3]


def test_questions_go_to_all_others_and_answers_to_the_one_who_asked(tmp_path: Path) -> None:
    with puppets(tmp_path, 3) as three:
        three.line("greeting")
        three.tell(2, "ask how much")
        seen = [three.line("") for _ in range(5)]
        assert {"question 1 of 2 how much", "question 3 of 2 how much"} < set(seen)
        assert next(line for line in seen if " 2 of " in line) == "asked 2 of 0 00010003"
        assert {"answer 2 of 1 -", "answer 2 of 3 -"} < set(seen)


def test_one_that_dies_leaves_its_lead_and_its_state_and_is_replaced(tmp_path: Path) -> None:
    with puppets(tmp_path, 2) as two:
        two.line("greeting")
        two.tell(1, "keep 42")
        two.tell(2, "ask mute")
        two.line("question 1")  # so what came before has been kept
        two.kill(1)
        two.line("gone 2 of 1")
        two.line("lead 2")
        two.line("born 1")
        assert two.seen[-1].split()[3:] == ["follows", "42"]
        two.tell(2, "fetch")
        assert two.line("states 2") in ("states 2 1+42 2+", "states 2 1-42 2+")
        assert "was ended by SIGKILL; another starts in 0.1 s" in two.log()


def test_one_that_keeps_dying_is_waited_for_longer_each_time(tmp_path: Path) -> None:
    with puppets(tmp_path, 2) as two:
        two.line("greeting")
        for _ in range(3):
            two.tell(2, "exit 5")
            two.line("born 2")
        delays = [
            line.rsplit(" ", 2)[1]
            for line in two.log().splitlines()
            if "worker 2" in line and "code 5" in line
        ]
        assert delays == ["0.1", "0.2", "0.4"]


def test_a_start_that_fails_ends_all_with_its_code(tmp_path: Path) -> None:
    (tmp_path / "refuse").touch()
    with puppets(tmp_path, 3) as three:
        assert three.process.wait(10) == 78
        assert three.process.stdout
        assert [line.split()[:2] for line in three.process.stdout] == [["born", "1"]]


def test_a_stop_ends_all_and_then_itself_by_the_same_signal(tmp_path: Path) -> None:
    with puppets(tmp_path, 2) as two:
        two.line("greeting")
        two.process.send_signal(signal.SIGTERM)
        assert two.process.wait(10) == -signal.SIGTERM


def test_a_worker_that_hangs_is_killed_by_the_third_signal(tmp_path: Path) -> None:
    with puppets(tmp_path, 2) as two:
        two.line("greeting")
        os.kill(two.pids[2], signal.SIGSTOP)
        for _ in range(2):
            two.process.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                two.process.wait(0.1)
        two.process.send_signal(signal.SIGTERM)
        assert two.process.wait(10) == -signal.SIGTERM
