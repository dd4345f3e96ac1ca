"""Strategies: the order of candidates, turn after turn."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.model import Model, Strategy
from app.gateway.limits import RequestLimits, SharedLimits
from app.gateway.strategy import Strategies
from tests.unit.gateway.builders import ManualClock, model, target


def firsts(strategies: Strategies, of: Model, turns: int) -> list[int]:
    return [strategies.order(of, of.targets)[0].id for _ in range(turns)]


def test_round_robin_is_strict_and_the_rest_is_the_failover_order() -> None:
    strategies = Strategies(ManualClock().monotonic)
    m = model([target(n) for n in (1, 2, 3)])
    assert [[t.id for t in strategies.order(m, m.targets)] for _ in range(4)] == [
        [1, 2, 3],
        [2, 3, 1],
        [3, 1, 2],
        [1, 2, 3],
    ]


def test_models_take_turns_of_their_own() -> None:
    strategies = Strategies(ManualClock().monotonic)
    one, two = model([target(1), target(2)], number=1), model([target(3), target(4)], number=2)
    assert [firsts(strategies, m, 1)[0] for m in (one, two, one, two)] == [1, 3, 2, 4]


@given(st.lists(st.integers(1, 20), min_size=2, max_size=6), st.integers(1, 5))
def test_weighted_is_exact_over_whole_rounds_and_smooth(weights: list[int], rounds: int) -> None:
    strategies = Strategies(ManualClock().monotonic)
    m = model([target(n, weight=w) for n, w in enumerate(weights)], Strategy.WEIGHTED)
    assert Counter(firsts(strategies, m, sum(weights) * rounds)) == {
        n: w * rounds for n, w in enumerate(weights)
    }


def test_weighted_mixes_instead_of_bursting() -> None:
    m = model([target(1, weight=3), target(2, weight=1)], Strategy.WEIGHTED)
    assert firsts(Strategies(ManualClock().monotonic), m, 4) == [1, 1, 2, 1]


def test_priority_prefers_the_lower_number_and_takes_turns_inside_a_tier() -> None:
    strategies = Strategies(ManualClock().monotonic)
    m = model([target(1, priority=5), target(2, priority=1), target(3, priority=1)], Strategy.PRIORITY)
    assert [[t.id for t in strategies.order(m, m.targets)] for _ in range(3)] == [
        [2, 3, 1],
        [3, 2, 1],
        [2, 3, 1],
    ]


def test_least_latency_prefers_the_quicker_and_tries_the_unknown_first() -> None:
    clock = ManualClock()
    strategies = Strategies(clock.monotonic)
    m = model([target(1), target(2), target(3)], Strategy.LEAST_LATENCY)
    strategies.observe(1, 0.5)
    strategies.observe(2, 0.1)
    assert firsts(strategies, m, 2) == [3, 3]
    strategies.observe(3, 0.3)
    assert [t.id for t in strategies.order(m, m.targets)] == [2, 3, 1]
    strategies.observe(2, None)
    assert firsts(strategies, m, 1) == [3], "a failure counts as slow"
    clock.now += 61
    assert set(firsts(strategies, m, 3)) == {1, 2, 3}, "old measurements are made anew"


@pytest.mark.parametrize("limits", [RequestLimits(), SharedLimits(memoryview(bytearray(80)).cast("d"))])
def test_request_limits_allow_a_minutes_worth_at_once_and_then_its_rate(limits: RequestLimits) -> None:
    assert [limits.take(1, 3, 100.0) for _ in range(3)] == [None, None, None]
    assert limits.take(1, 3, 100.0) == 20.0
    assert limits.take(2, 3, 100.0) is None, "each key has its own"
    assert limits.take(1, 3, 120.0) is None
    assert limits.take(1, 3, 120.0) == 20.0


@given(st.integers(1, 600), st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_request_limits_never_let_more_through_than_allowed(per_minute: int, gaps: list[float]) -> None:
    limits = RequestLimits()
    now, taken = 0.0, []
    for gap in gaps:
        now += gap
        if limits.take(1, per_minute, now) is None:
            taken.append(now)
    for start in taken:
        # a full allowance, and what grows back within the minute
        assert len([t for t in taken if start <= t < start + 60]) <= 2 * per_minute + 1


def test_request_limits_in_shared_memory_hold_for_all_who_see_it() -> None:
    memory = memoryview(bytearray(80)).cast("d")
    one, other = SharedLimits(memory), SharedLimits(memory)
    taken = [limits.take(12, 4, 100.0) for limits in (one, other) * 2]
    assert taken == [None] * 4
    assert one.take(12, 4, 100.0) == other.take(12, 4, 100.0) == 15.0
    assert other.take(12, 4, 115.0) is None
