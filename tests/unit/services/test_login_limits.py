"""Failed logins: ten in fifteen minutes, per account and per client."""

from contextlib import ExitStack, suppress

import pytest

from app.common.errors import TooManyAttempts, Unauthenticated, Unavailable
from app.services.login_limits import FAILURES, MAX_BUCKETS, WINDOW, LoginLimits, OwnFailures
from tests.support.clock import SetClock


def fail(limits: LoginLimits, account: str, client: str | None) -> None:
    """One failed login, or `TooManyAttempts`."""
    with suppress(Unauthenticated), limits.attempt(account, client):
        raise Unauthenticated("The user name or the password is wrong.")


def test_the_eleventh_failure_of_an_account_is_refused_whatever_the_client() -> None:
    limits = LoginLimits(SetClock())
    for number in range(FAILURES):
        fail(limits, "anna", f"10.0.0.{number}")
    with pytest.raises(TooManyAttempts):
        fail(limits, "anna", "10.0.1.1")
    fail(limits, "bert", "10.0.1.1")


def test_the_eleventh_failure_of_a_client_is_refused_whatever_the_account() -> None:
    limits = LoginLimits(SetClock())
    for number in range(FAILURES):
        fail(limits, f"user-{number}", "10.0.0.1")
    with pytest.raises(TooManyAttempts):
        fail(limits, "anna", "10.0.0.1")


def test_addresses_of_one_ipv6_network_count_as_one_client() -> None:
    limits = LoginLimits(SetClock())
    for number in range(FAILURES):
        fail(limits, f"user-{number}", f"2001:db8::{number:x}")
    with pytest.raises(TooManyAttempts):
        fail(limits, "anna", "2001:db8::ffff")
    fail(limits, "anna", "2001:db8:0:1::1")


def test_it_says_when_to_try_again_and_lets_in_then() -> None:
    clock = SetClock()
    limits = LoginLimits(clock)
    fail(limits, "anna", None)
    clock.pass_by(60)
    for _ in range(FAILURES - 1):
        fail(limits, "anna", None)
    with pytest.raises(TooManyAttempts) as refused:
        fail(limits, "anna", None)
    assert refused.value.retry_after == WINDOW - 60
    clock.pass_by(WINDOW - 60)
    fail(limits, "anna", None)


def test_tries_that_succeed_do_not_count() -> None:
    limits = LoginLimits(SetClock())
    for _ in range(FAILURES * 2):
        with limits.attempt("anna", "10.0.0.1"):
            pass


def test_tries_that_our_own_faults_ended_do_not_count() -> None:
    limits = LoginLimits(SetClock())
    for _ in range(FAILURES * 2):
        with pytest.raises(Unavailable), limits.attempt("anna", "10.0.0.1"):
            raise Unavailable("The database does not answer.")


def test_tries_under_way_count() -> None:
    limits = LoginLimits(SetClock())
    with ExitStack() as tries:
        for _ in range(FAILURES):
            tries.enter_context(limits.attempt("anna", "10.0.0.1"))
        with pytest.raises(TooManyAttempts), limits.attempt("anna", "10.0.0.1"):
            pass
    with limits.attempt("anna", "10.0.0.1"):
        pass


def test_memory_is_bounded() -> None:
    failures = OwnFailures()
    limits = LoginLimits(SetClock(), failures)
    for number in range(MAX_BUCKETS + 50):
        fail(limits, f"user-{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(failures._buckets) <= MAX_BUCKETS
