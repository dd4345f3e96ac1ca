"""The SQL of a filter: only parameters carry what the user wrote, and no condition can be NULL. That databases find
the right rows with it is tested in `tests/unit/repositories/test_log_search.py`."""

import re
from typing import get_args

import pytest

from app.rules.log_search import search
from app.rules.to_sql import Dialect, Sql, to_sql

LISTS = {"keys": frozenset(("1", "2.0", "x", "a\0b", "9" * 30))}


def sql(text: str, dialect: Dialect = "sqlite") -> Sql:
    return to_sql(search(text, LISTS), dialect, LISTS)


@pytest.mark.parametrize("dialect", get_args(Dialect))
@pytest.mark.parametrize(
    "text",
    [
        '"x\'; DROP TABLE request_log; --" == model',
        'provider contains ":filter_9 %s {0} \\\\" or provider in ["{given}", "?"]',
        r"""not (model matches "^\\(x" or model ends_with "$1")""",
    ],
)
def test_what_the_user_wrote_is_in_the_parameters_alone(text: str, dialect: Dialect) -> None:
    written = sql(text, dialect)
    assert re.fullmatch(r"[\w\s.,:()=<>+\"'-]*", written.text)
    assert not re.search(r"DROP|%s|\?|\$1|\\|\{", written.text)
    assert {*re.findall(r":(\w+)", written.text)} == written.parameters.keys()
    assert all(name.startswith("filter_") for name in written.parameters)


def test_a_plain_filter() -> None:
    assert sql('status >= 500 and provider == "openai"') == Sql(
        "(request_log.status >= :filter_0) AND "
        "(request_log.provider IS NOT NULL AND request_log.provider = :filter_1)",
        {"filter_0": 500, "filter_1": "openai"},
    )


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("", "1 = 1"),
        ("status < 9223372036854775808", "1 = 1"),
        ("status <= 1e300", "1 = 1"),
        ("status > 9223372036854775807", "1 = 0"),
        ("status >= -9223372036854775808", "1 = 1"),
        ("status == 500.5", "1 = 0"),
        ("-1e300 > status", "1 = 0"),
        ("status in [1e300, 0.5]", "1 = 0"),
        ("status in -1e300..1e300", "1 = 1"),
        ('path contains ""', "1 = 1"),
        ("has_error in [true, false]", "1 = 1"),
        ("input_tokens < 9223372036854775808", "request_log.input_tokens IS NOT NULL"),
        ("exists(status)", "1 = 1"),
        ("exists(len(provider))", "request_log.provider IS NOT NULL"),
    ],
)
def test_what_no_column_can_hold_is_never_sent(text: str, condition: str) -> None:
    assert sql(text) == Sql(condition, {})


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("status > 499.5", (">=", 500)),
        ("status >= 499.5", (">=", 500)),
        ("status > 499", (">=", 500)),
        ("status < 499.5", ("<=", 499)),
        ("499.5 >= status", ("<=", 499)),
        ("status < 500.0", ("<=", 499)),
        ("status == 500.0", ("=", 500)),
    ],
)
def test_fractions_become_whole_bounds(text: str, bounds: tuple[str, int]) -> None:
    operator, bound = bounds
    assert sql(text) == Sql(f"request_log.status {operator} :filter_0", {"filter_0": bound})


def test_texts_are_in_the_order_of_code_points_whatever_the_collation_of_the_database() -> None:
    assert sql('path < "a"', "sqlite").text == "request_log.path < :filter_0"
    assert sql('path < "a"', "postgresql").text == 'request_log.path < :filter_0 COLLATE "C"'


def test_named_lists_give_texts_or_numbers() -> None:
    assert sql("provider in $keys").parameters == {
        "filter_0": '["1","2.0","999999999999999999999999999999","x"]'
    }
    assert sql("api_key.id in $keys").parameters == {"filter_0": "[1,2]"}
