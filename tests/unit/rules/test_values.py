"""Values: total functions, stable buckets, addresses and their blocks."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rules import content
from app.rules import values as operations
from app.rules.networks import Blocks, read_address
from app.rules.values import MISSING, bucket, number, same
from tests.unit.rules.strategies import values


@settings(deadline=None)
@given(values, values)
def test_no_value_raises(one: Any, other: Any) -> None:
    for operator in (
        same,
        operations.less,
        operations.less_or_same,
        operations.contains,
        operations.starts_with,
    ):
        assert operator(one, other) in (True, False)
        assert operator(MISSING, other) is False
        assert operator(one, MISSING) is False
    for function in (operations.length, operations.lower, number, content.text, operations.header_values):
        function(one)
        assert function(MISSING) is MISSING
    share = bucket(one, "salt")
    assert share is MISSING or 0 <= share < 100
    for endpoint in ("chat/completions", "messages", "responses", "embeddings"):
        body = {"messages": one, "input": other, "system": other, "tools": one}
        content.last_user_text(body, endpoint)
        content.system_text(body, endpoint)
        content.has_images(body, endpoint)


@settings(deadline=None)
@given(values)
def test_equality_is_of_one_kind(value: Any) -> None:
    equal = same(value, value)
    scalar = value is None or isinstance(value, bool | int | float | str)
    assert equal is (scalar and value == value)


def test_buckets_are_stable() -> None:
    assert bucket("key-1", "exp-7") == pytest.approx(97.250960498302)
    assert bucket(12, "exp-7") == bucket("12", "exp-7") == bucket(12.0, "exp-7")


def test_buckets_are_spread_evenly_and_salts_are_independent() -> None:
    one = [bucket(number_, "one") < 10 for number_ in range(10_000)]
    two = [bucket(number_, "two") < 10 for number_ in range(10_000)]
    assert 900 < sum(one) < 1_100
    assert 60 < sum(a and b for a, b in zip(one, two, strict=True)) < 140


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("-1.5", -1.5),
        ("+2", 2),
        (" 3\t", 3),
        ("1e3", 1000.0),
        ("007", 7),
        ("9" * 400, int("9" * 400)),
    ],
)
def test_a_number_is_read(text: str, expected: float) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    "text", ["", " ", "1,5", "0x1", "1_000", "nan", "inf", "1e999", "1.", ".5", "--1", "９", "9" * 401]
)
def test_what_is_no_number_is_missing(text: str) -> None:
    assert number(text) is MISSING


_networks = st.one_of(
    st.builds(
        lambda value, size: f"{ipaddress.IPv4Address(value)}/{size}",
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    ),
    st.builds(
        lambda value, size: f"{ipaddress.IPv6Address(value)}/{size}",
        st.integers(0, 2**128 - 1),
        st.integers(0, 128),
    ),
)


@settings(deadline=None)
@given(st.lists(_networks, max_size=5), st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), st.data())
def test_blocks_hold_what_their_networks_hold(blocks: list[str], address: Any, data: st.DataObject) -> None:
    networks = [ipaddress.ip_network(block, strict=False) for block in blocks]
    inside = [network.network_address for network in networks]
    address = data.draw(st.sampled_from([*inside, address]))
    mapped = getattr(address, "ipv4_mapped", None)
    plain = mapped if mapped is not None else address

    held = Blocks([*blocks, "no block"]).holds(read_address(str(address)))

    assert held is any(plain in network for network in networks)
