"""`serve` raises the limit of open files; `doctor` says when that is not enough (tested in integration/test_cli.py)."""

import sys
from collections.abc import Iterator

import pytest

from app.cli import descriptors

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")


@pytest.fixture(autouse=True)
def _limits() -> Iterator[None]:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    descriptors.raise_limit()
    soft, same = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert (soft, same) == (descriptors.hard_limit(), hard)
    assert soft > 256


def test_a_limit_that_is_high_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    set_to: list[object] = []
    monkeypatch.setattr(resource, "setrlimit", lambda *limits: set_to.append(limits))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (4096, 4096))
    descriptors.raise_limit()
    assert set_to == []
    assert descriptors.hard_limit() == 4096


@pytest.mark.parametrize("infinite", [-1, 2**63 - 1])
def test_no_limit_is_a_finite_one(monkeypatch: pytest.MonkeyPatch, infinite: int) -> None:
    import resource

    set_to: list[object] = []
    monkeypatch.setattr(resource, "setrlimit", lambda *limits: set_to.append(limits))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, infinite))
    descriptors.raise_limit()
    assert set_to == [(resource.RLIMIT_NOFILE, (1_048_576, infinite))]


def test_a_system_that_refuses_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    def refuse(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, -1))
    descriptors.raise_limit()
