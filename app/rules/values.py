"""What operators and functions do with values of a request. Total: no value, of whatever type, raises.

`evaluate` calls these alone; `compile` writes the frequent ones out in place and calls the rest.
"""

import datetime
import hashlib
import math
import re
from typing import Any, Final, TypeAlias, final

from app.rules.literals import MAX_DIGITS
from app.rules.patterns import encode

Value: TypeAlias = Any
"""A decoded JSON value, a tuple in the place of a list, or MISSING."""


@final
class Missing:
    """The type of MISSING: nothing is there. Not null, which is a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()

_NUMBER = re.compile(r"[ \t]*([+-]?[0-9]+)(\.[0-9]+)?([eE][+-]?[0-9]+)?[ \t]*")
_SCALARS = {str: "str", int: "num", float: "num", bool: "bool", type(None): "null"}
_ORDERED = {str: "str", int: "num", float: "num"}
_LISTS = (list, tuple)
_SIZED = (str, list, tuple, dict)


def same(one: Value, other: Value) -> bool:
    """`==`: one scalar kind and one value. Lists and objects are equal to nothing; true is never 1."""
    kind = _SCALARS.get(type(one))
    return kind is not None and kind == _SCALARS.get(type(other)) and bool(one == other)


def _ordered(one: Value, other: Value) -> bool:
    kind = _ORDERED.get(type(one))
    return kind is not None and kind == _ORDERED.get(type(other))


def less(one: Value, other: Value) -> bool:
    """`<`, for two numbers or two texts."""
    return _ordered(one, other) and bool(one < other)


def less_or_same(one: Value, other: Value) -> bool:
    """`<=`, for two numbers or two texts."""
    return _ordered(one, other) and bool(one <= other)


def contains(one: Value, other: Value) -> bool:
    """A text in a text, or a scalar in a list."""
    if isinstance(one, str):
        return isinstance(other, str) and other in one
    return isinstance(one, _LISTS) and any(same(item, other) for item in one)


def starts_with(one: Value, other: Value) -> bool:
    return isinstance(one, str) and isinstance(other, str) and one.startswith(other)


def ends_with(one: Value, other: Value) -> bool:
    return isinstance(one, str) and isinstance(other, str) and one.endswith(other)


def one_of(
    value: Value, texts: frozenset[str], numbers: frozenset[int | float], words: tuple[bool | None, ...]
) -> bool:
    """`in [...]`; `words` are true, false and null."""
    kind = _SCALARS.get(type(value))
    if kind == "str":
        return value in texts
    if kind == "num":
        return value in numbers
    return kind is not None and any(value is word for word in words)


def length(value: Value) -> Value:
    return len(value) if isinstance(value, _SIZED) else MISSING


def lower(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else MISSING


def upper(value: Value) -> Value:
    return value.upper() if isinstance(value, str) else MISSING


def number(value: Value) -> Value:
    """The number a text spells in decimal; a number as it is."""
    if isinstance(value, str):
        spelled = _NUMBER.fullmatch(value) if len(value) <= MAX_DIGITS else None
        if spelled is None:
            return MISSING
        if spelled[2] is None and spelled[3] is None:
            return int(spelled[1])
        result = float(value)
        return result if math.isfinite(result) else MISSING
    return value if isinstance(value, int | float) and not isinstance(value, bool) else MISSING


def header_values(value: Value) -> Value:
    """The parts of a header between commas (RFC 9110 part 5.6.1), trimmed, empty ones left out."""
    if not isinstance(value, str):
        return MISSING
    return [part for part in (item.strip(" \t") for item in value.split(",")) if part]


def bucket(value: Value, salt: str) -> Value:
    """A number from 0 to below 100: the first 53 bits of SHA-256 over salt, NUL and value, all in UTF-8.

    Numbers go in as decimals, whole ones without a fraction, so that 1 and 1.0 fall into one bucket.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            value = str(value)
        except ValueError:  # an integer of more digits than Python spells
            return MISSING
    if not isinstance(value, str):
        return MISSING
    digest = hashlib.sha256(encode(salt) + b"\0" + encode(value)).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / (1 << 53) * 100


def _at(now: float, zone: datetime.tzinfo) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromtimestamp(now, zone)
    except (ValueError, OverflowError, OSError):
        return None


def hour(now: float, zone: datetime.tzinfo) -> Value:
    """0 to 23."""
    moment = _at(now, zone)
    return MISSING if moment is None else moment.hour


def weekday(now: float, zone: datetime.tzinfo) -> Value:
    """1 (Monday) to 7 (Sunday), as ISO 8601 counts."""
    moment = _at(now, zone)
    return MISSING if moment is None else moment.isoweekday()
