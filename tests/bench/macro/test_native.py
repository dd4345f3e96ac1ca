"""The benchmark's own upstream, callers and pass-through: do they notice what they are there to notice?"""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.bench.macro import targets
from tests.bench.macro.cases import Case, write
from tests.bench.macro.measure import MILLISECOND, Bench, Load, measurements
from tests.bench.macro.native import CannotRun, compiler
from tests.bench.macro.processes import Cores
from tests.bench.macro.targets import DIRECT, Target


def _missing() -> str:
    try:
        compiler()
    except CannotRun as problem:
        return str(problem)
    return ""


pytestmark = pytest.mark.skipif(bool(_missing()), reason=_missing())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, write(tmp_path), Cores())
    with made.upstream():
        yield made


def direct(bench: Bench) -> Target:
    return Target(DIRECT, bench.port)


@pytest.mark.parametrize("case", ["small", "large", "stream", "messages", "messages-stream", "flood"])
def test_right_answers_count(bench: Bench, case: str) -> None:
    outcome = bench.run(direct(bench), Load(case, callers=4, requests=12))
    assert (outcome.right, outcome.wrong, outcome.failed, outcome.given_up) == (12, 0, 0, 0)
    assert 0 < outcome.first_byte_p50 <= outcome.whole_p50 <= outcome.whole_p99
    assert bench.ask_upstream("/counts") == {"requests": 12, "refused": 0, "connections": 6, "streaming": 0}


@pytest.mark.parametrize("case", ["small", "stream"])
@pytest.mark.parametrize("change", ["first", "last", "shorter", "longer"])
def test_an_answer_that_differs_in_a_byte_is_wrong(bench: Bench, case: str, change: str) -> None:
    file = bench.folder / bench.cases[case].answer_file
    wanted = bytearray(file.read_bytes())
    if change == "shorter":
        wanted.pop()
    elif change == "longer":
        wanted.append(10)
    else:
        wanted[0 if change == "first" else -1] ^= 1
    file.write_bytes(wanted)  # the upstream has read it before
    outcome = bench.run(direct(bench), Load(case, callers=2, requests=6))
    assert (outcome.right, outcome.wrong, outcome.failed) == (0, 6, 0)


def test_a_body_that_differs_in_a_byte_is_refused(bench: Bench) -> None:
    file = bench.folder / "small.request"
    file.write_bytes(file.read_bytes().replace(b"0.7", b"0.8"))
    outcome = bench.run(direct(bench), Load("small", requests=3))
    assert (outcome.right, outcome.wrong, outcome.failed) == (0, 3, 0)
    assert bench.ask_upstream("/counts")["refused"] == 3


def test_events_come_one_by_one(bench: Bench) -> None:
    outcome = bench.run(direct(bench), Load("stream", callers=2, requests=2, event_delay=2000))
    assert outcome.right == 2
    assert outcome.whole_p50 - outcome.first_byte_p50 >= 65 * 2000 * 0.95


def test_slow_readers_take_their_time(bench: Bench) -> None:
    size = len(bench.cases["flood"].answer)
    outcome = bench.run(direct(bench), Load("flood", callers=2, requests=2, bytes_per_second=size * 5))
    assert outcome.right == 2
    assert outcome.seconds >= 0.15


def test_callers_leave(bench: Bench) -> None:
    load = Load("stream", callers=16, requests=32, event_delay=5 * MILLISECOND, give_up_percent=100)
    outcome, milliseconds = bench.leave(direct(bench), load)
    assert (outcome.right, outcome.wrong, outcome.failed, outcome.given_up) == (0, 0, 0, 32)
    assert milliseconds is not None


@contextmanager
def served(answer: bytes, piece: int) -> Iterator[int]:
    """A server that reads a request, sends these bytes in pieces of a size, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for at in range(0, len(answer), piece):
                    try:
                        connection.sendall(answer[at : at + piece])
                    except OSError:
                        break

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def chunked(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    pieces = [body[:1], body[1:700], body[700:]]
    return head + b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in pieces) + b"0\r\n\r\n"


def plain(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize("framed", [chunked, plain])
@pytest.mark.parametrize("piece", [1, 7, 5000])
def test_answers_in_any_pieces(bench: Bench, framed: Callable[[bytes], bytes], piece: int) -> None:
    whole = framed(bench.cases["small"].answer)
    with served(whole, piece) as port:
        outcome = bench.run(Target(DIRECT, port), Load("small", requests=3))
    assert (outcome.right, outcome.wrong, outcome.failed) == (3, 0, 0)
    with served(whole[:-1], piece) as port:
        outcome = bench.run(Target(DIRECT, port), Load("small", requests=3))
    assert (outcome.right, outcome.wrong, outcome.failed) == (0, 0, 3)


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-server\r\n\r\n", b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", b""]
)
def test_what_is_no_answer_is_not_right(bench: Bench, said: bytes) -> None:
    with served(said, 5000) as port:
        outcome = bench.run(Target(DIRECT, port), Load("small", requests=3))
    assert outcome.right == 0
    assert outcome.wrong + outcome.failed == 3


def test_the_pass_through_passes_through(bench: Bench) -> None:
    small = bench.cases["small"]
    with targets.bare(bench.port, bench.folder, bench.cores, small) as target:
        for case in bench.cases:
            outcome = bench.run(target, Load(case, callers=3, requests=6))
            assert (outcome.right, outcome.wrong, outcome.failed) == (6, 0, 0), case
        first = measurements(0.05)[0]
        outcome, figures = bench.measure(target, first)
    assert outcome.right > 0
    assert figures["one_cpu"] > 0
    assert target.start_seconds is not None
    assert bench.ask_upstream("/counts")["refused"] == 0


def test_a_compiler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(CannotRun, match="No C compiler"):
        compiler()


def test_the_bodies_are_as_the_page_says(tmp_path: Path) -> None:
    cases: dict[str, Case] = write(tmp_path)
    assert 1_700 < cases["small"].bytes_asked < 2_300
    assert 190_000 < cases["large"].bytes_asked < 210_000
    assert len(msgspec.json.decode((tmp_path / "large.asked").read_bytes())["messages"]) == 127
    assert (cases["stream"].events, cases["messages-stream"].events) == (66, 66)
    assert 900 < len(cases["small"].answer) < 1_300
    assert len(cases["flood"].answer) // 2**20 == 4
