"""Decoding of foreign JSON."""

import math

import pytest

from app.common.errors import InvalidJson
from app.common.json import decode_object


def test_objects() -> None:
    assert decode_object(b'{"a":[1,2.5,null,true,"\xc3\xa9"],"a":{"b":1e3}}') == {"a": {"b": 1000.0}}


def test_numbers_beyond_a_double() -> None:
    assert decode_object(b'{"a":1e999,"b":-1e999,"c":1e-999}') == {"a": math.inf, "b": -math.inf, "c": 0.0}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"a":"\xff"}',
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a":' + b"1" * 5000 + b"}",
    ],
)
def test_everything_else(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        decode_object(body)
