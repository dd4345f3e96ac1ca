"""Failed logins in shared memory: the same as in one process, and seen by all."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from app.common.errors import TooManyAttempts, Unauthenticated
from app.services.login_limits import FAILURES, WINDOW, LoginLimits
from app.services.shared_logins import SIZE, WAYS, SharedFailures
from tests.unit.services.test_login_limits import SetClock, fail

shared = pytest.importorskip("app.workers.shared", reason="there are no several workers on this system")


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = shared.make()
    yield descriptor
    os.close(descriptor)


def limits(memory: int, clock: SetClock) -> LoginLimits:
    return LoginLimits(clock, SharedFailures(shared.Shared(memory)))


def test_failures_of_all_workers_count(memory: int) -> None:
    clock = SetClock()
    one, other = limits(memory, clock), limits(memory, clock)
    for worker in (one, other) * (FAILURES // 2):
        fail(worker, "ada", "192.0.2.1")
    for worker in (one, other):
        with pytest.raises(TooManyAttempts) as refused, worker.attempt("ada", "192.0.2.9"):
            pass
        assert refused.value.retry_after == pytest.approx(WINDOW)
        with pytest.raises(TooManyAttempts), worker.attempt("grace", "192.0.2.1"):
            pass
    with other.attempt("grace", "192.0.2.9"):
        pass


def test_they_count_for_a_while_and_a_success_is_forgotten(memory: int) -> None:
    clock = SetClock()
    one, other = limits(memory, clock), limits(memory, clock)
    for _ in range(3 * FAILURES):
        with one.attempt("ada", None):
            pass
    for _ in range(FAILURES):
        fail(one, "ada", None)
    with pytest.raises(TooManyAttempts), other.attempt("ada", "192.0.2.1"):
        pass
    clock.now += WINDOW
    fail(other, "ada", None)


def test_tries_under_way_count(memory: int) -> None:
    clock = SetClock()
    one, other = limits(memory, clock), limits(memory, clock)
    with ExitStack() as under_way:
        for _ in range(FAILURES):
            under_way.enter_context(one.attempt("ada", None))
        with pytest.raises(TooManyAttempts), other.attempt("ada", None):
            pass
    with other.attempt("ada", None):
        pass


def one_group(memory: int) -> SharedFailures:
    class Small(shared.Shared):  # type: ignore[misc, name-defined]  # imported by name
        def __init__(self) -> None:
            super().__init__(memory)
            self.logins = self.logins[: SIZE * WAYS]

    return SharedFailures(Small())


def test_a_full_group_forgets_the_oldest(memory: int) -> None:
    failures = one_group(memory)
    for number in range(WAYS + 1):
        for _ in range(FAILURES):
            assert failures.begin([("account", str(number))], 1000.0 + number) is None
    assert failures.begin([("account", str(WAYS))], 1100.0) is not None
    assert failures.begin([("account", "1")], 1100.0) is not None
    assert failures.begin([("account", "0")], 1100.0) is None


def test_account_and_client_in_one_group_have_a_bucket_each(memory: int) -> None:
    limits = LoginLimits(SetClock(), one_group(memory))
    for _ in range(3 * FAILURES):
        with limits.attempt("ada", "192.0.2.1"):
            pass
    for _ in range(FAILURES):
        fail(limits, "ada", "192.0.2.1")
    for account, client in (("ada", "192.0.2.9"), ("grace", "192.0.2.1")):
        with pytest.raises(TooManyAttempts), limits.attempt(account, client):
            pass


def test_other_errors_are_no_failures(memory: int) -> None:
    one = limits(memory, SetClock())
    for _ in range(2 * FAILURES):
        with pytest.raises(LookupError), one.attempt("ada", None):
            raise LookupError
    with pytest.raises(Unauthenticated), one.attempt("ada", None):
        raise Unauthenticated("no")
