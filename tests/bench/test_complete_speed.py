"""Completion and hover while someone types. `just limits` prints the figures."""

import sys
import time
import timeit
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from app.rules.complete import complete
from app.rules.hover import hover
from app.rules.offers import Seen

pytestmark = pytest.mark.bench

_RULE = (
    'headers.x-priority == "high" and body.temperature <= 0.5\n'
    '  and any(body.messages, .role == "user" and any(.content, .type == "image_url"))\n'
    '  and (api_key.tags contains "beta" or hour("Europe/Berlin") in 8..18)'
)
_SEEN = Seen(
    names={"headers": tuple(f"x-header-{number}" for number in range(20))},
    values={"model": tuple(f"model-{number}" for number in range(300))},
)


def _milliseconds(function: Callable[[], Any], number: int = 20) -> float:
    # Processor time: other processes on the machine are not what is measured.
    return min(timeit.repeat(function, number=number, repeat=7, timer=time.process_time)) / number * 1e3


def test_completion_at_every_place_of_a_rule() -> None:
    complete(_RULE, 0, (), _SEEN)
    places = [_milliseconds(partial(complete, _RULE, at, (), _SEEN), 5) for at in range(len(_RULE) + 1)]

    worst, mean = max(places), sum(places) / len(places)
    sys.stdout.write(
        f"\ncompletion {mean:.3f} ms in the mean, {worst:.3f} ms at worst, {len(places)} places\n"
    )
    assert worst <= 1


def test_completion_where_most_is_offered() -> None:
    for text in ("", "e", "me", "model == ", "model == m", 'hour("e', "any("):
        taken = _milliseconds(partial(complete, text, len(text), (), _SEEN))
        sys.stdout.write(f"\n{taken:.3f} ms at the end of `{text}`")
        assert taken <= 1


def test_hover() -> None:
    place = _RULE.index(".type")
    taken = _milliseconds(lambda: hover(_RULE, place))
    sys.stdout.write(f"\nhover {taken:.3f} ms\n")
    assert taken <= 1


def test_the_longest_rules() -> None:
    text = " and ".join(['headers.x-priority == "high"'] * 120)
    taken = _milliseconds(lambda: complete(f"{text} and mod", len(text) + 8, (), _SEEN))
    sys.stdout.write(f"\ncompletion at the end of {len(text):,} characters {taken:.2f} ms\n")
    assert taken <= 10
