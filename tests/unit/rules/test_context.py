"""Facts: cheap to make, lazy, the same for both dialects."""

import pytest

from app.rules.context import Facts
from app.rules.engine import RuleSet
from app.rules.values import MISSING
from tests.unit.rules.builders import facts, model

_LAZY = ["address", "body", "has_images", "has_tools", "headers", "ip", "max_output_tokens", "message_count"]


def _filled(made: Facts) -> set[str]:
    """Lazy attributes that have been worked out."""
    return {name for name in _LAZY if name in Facts.__slots__ and _is_set(made, name)}


def _is_set(made: Facts, name: str) -> bool:
    try:
        getattr(Facts, name).__get__(made)
    except AttributeError:
        return False
    return True


def test_nothing_is_worked_out_before_it_is_read() -> None:
    made = facts()
    assert _filled(made) == set()
    assert made.headers[b"x-priority"] == b"high"
    assert _filled(made) == {"headers"}


def test_the_body_is_decoded_only_when_a_rule_touches_it() -> None:
    made = facts()
    rules = RuleSet(
        model('headers.x-priority == "low" and body.temperature < 1', "stream", 'client.ip in ["::/0"]')
    )
    assert [target.id for target in rules.choose(made)] == [2]
    assert _filled(made) == {"headers", "address"}


def test_a_wrong_name_is_an_error_of_ours() -> None:
    with pytest.raises(AttributeError):
        _ = facts().nothing


def test_lines_of_one_header_are_joined_in_their_order() -> None:
    made = facts(headers=[["x-tag", "black"], ["x-priority", "low"]])
    assert made.headers[b"x-tag"] == b"red, green, blue, black"
    assert made.headers[b"x-priority"] == b"high, low"
    assert made.headers[b"host"] == b"gateway.example"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 5_000,
    ],
)
def test_a_body_that_cannot_be_read_has_no_fields(raw: bytes) -> None:
    made = facts(raw_body=raw)
    assert made.body == {}
    assert made.has_tools is False
    assert made.max_output_tokens is MISSING


def test_members_are_decoded_when_read() -> None:
    made = facts(
        raw_body=b'{"n":' + b"9" * 9_000 + b',"deep":' + b"[" * 400 + b"]" * 400 + b',"a":[1],"big":1e999}'
    )
    assert made.body.get("n", MISSING) is MISSING
    assert made.body.get("other", MISSING) is MISSING
    assert made.body.get("other") is None
    assert made.body["other"] is MISSING
    assert made.body["a"] is made.body.get("a")
    assert made.body.get("big") == float("inf")


def test_tokens_are_added_when_both_are_known() -> None:
    made = facts()
    assert made.total_tokens == 5321 + 800
    made.input_tokens = None
    assert made.total_tokens is MISSING
    assert facts(raw_body="{}").total_tokens is MISSING


def test_the_address_is_spelled_in_one_way() -> None:
    assert facts(client_ip="2001:DB8:0:0::1").ip == "2001:db8::1"
    assert facts(client_ip="::ffff:10.0.0.1").ip == "10.0.0.1"
    assert facts(client_ip="fe80::1%eth0").ip == "fe80::1"
    assert facts(client_ip="testclient").ip is MISSING
    assert facts(client_ip=None).ip is MISSING
