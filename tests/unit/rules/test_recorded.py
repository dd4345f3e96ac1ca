"""What the log keeps of a request for rules, and what it does not."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.context import Facts
from app.rules.outlines import messages, plain_messages
from app.rules.recalled import NOTHING, Recorded, read, recall
from app.rules.recorded import MOST_CUT, OUTLINE_BYTES, record
from tests.unit.rules.builders import facts
from tests.unit.rules.strategies import requests

SECRET = "sk-abcdefghijklmnopqrstuvwxyz012345"


def kept(made: Facts) -> Recorded:
    return msgspec.json.decode(record(made), type=Recorded)


def body_of(recorded: Recorded) -> dict[str, Any]:
    return {name: msgspec.json.decode(raw) for name, raw in recorded.body.items()}


def plain(raw: dict[str, Any] | bytes, endpoint: str = "chat/completions") -> Facts:
    body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return Facts(body, [], endpoint, "chat", False, None, None, 0.0)


def test_short_fields_are_kept_as_they_are_and_texts_are_not() -> None:
    body = (
        b'{"model":"chat","temperature":0.40,"user":"u-1","metadata":{"a": "b"},"system":"Be kind.",'
        b'"messages":[{"role":"user","content":"hi"}],"prompt":"x","logit_bias":' + b"[" + b"1," * 99 + b"1]}"
    )
    recorded = kept(plain(body))
    assert {name: bytes(raw) for name, raw in recorded.body.items()} == {
        "temperature": b"0.40",
        "user": b'"u-1"',
        "metadata": b'{"a": "b"}',
        "messages": b'[{"role":"user","content":""}]',
    }
    assert recorded.outlined == ("messages",)
    assert recorded.cut == ("body.system", "body.prompt", "body.logit_bias")
    assert recorded.has_images is False


def test_outlines_hold_roles_types_and_names() -> None:
    parts = [
        {"type": "text", "text": "secret plan"},
        {"type": "image_url", "image_url": {"url": "https://x"}},
    ]
    recorded = kept(
        plain(
            {
                "messages": [
                    {"role": "system", "content": "secret plan"},
                    {"role": "user", "content": parts},
                    {"role": "assistant", "content": None, "tool_calls": []},
                    {"content": "secret plan"},
                ],
                "tools": [
                    {"type": "function", "function": {"name": "f", "description": "secret plan"}},
                    {"name": "g", "input_schema": {}},
                ],
            }
        )
    )
    assert body_of(recorded) == {
        "messages": [
            {"role": "system", "content": ""},
            {"role": "user", "content": [{"type": "text"}, {"type": "image_url"}]},
            {"role": "assistant", "content": None},
            {"content": ""},
        ],
        "tools": [{"type": "function", "function": {"name": "f"}}, {"name": "g"}],
    }
    assert (recorded.has_images, recorded.has_tools) == (True, True)


@pytest.mark.parametrize(
    "messages",
    [
        "text",
        5,
        ["x"],
        [{"role": 5}],
        [{"role": "user", "content": 5}],
        [{"content": [5]}],
        [{"role": "x" * 99}],
    ],
)
def test_odd_messages_are_cut(messages: Any) -> None:
    recorded = kept(plain({"messages": messages}))
    assert (recorded.body, recorded.cut) == ({}, ("body.messages",))


def test_large_lists_are_not_decoded() -> None:
    long = [{"role": "user", "content": "x" * OUTLINE_BYTES}]
    made = plain({"messages": long, "tools": [{"name": "x" * OUTLINE_BYTES}]})
    recorded = kept(made)
    assert recorded.cut == ("body.messages", "body.tools", "message_count", "has_images")
    assert recorded.has_tools is True
    assert made.message_count == 1
    assert kept(made).message_count == 1, "a rule has asked for it"


def test_headers_without_credentials_and_without_what_says_nothing() -> None:
    lines = [
        (b"host", b"gateway"),
        (b"authorization", b"Bearer " + SECRET.encode()),
        (b"x-api-key", b"k"),
        (b"x-session-token", b"opaque"),
        (b"x-stainless-os", b"Linux"),
        (b"x-priority", b"high"),
        (b"x-tag", b"a"),
        (b"x-tag", b"b"),
        (b"x-long", b"l" * 129),
        (b"x-bytes", b"\xff"),
        (b"x-note", SECRET.encode()),
    ]
    for _ in range(2):  # the second time from memory
        recorded = kept(Facts(b"{}", lines, "chat/completions", "chat", False, None, None, 0.0))
        assert recorded.headers == {"x-priority": "high", "x-tag": "a, b"}
        assert recorded.cut == (
            "headers.x-session-token",
            "headers.x-long",
            "headers.x-bytes",
            "headers.x-note",
        )


def test_secrets_in_a_body_are_cut() -> None:
    made = plain({"user": SECRET, "password": "hunter2hunter2", "n": 1, SECRET: 2, "a\0b": 3})
    text = record(made)
    assert b"abcdefghijkl" not in text
    assert b"hunter2" not in text
    assert body_of(read(text, "")) == {"n": 1, "a\0b": 3}


def test_floods_of_fields_are_bounded() -> None:
    body = {f"field-{number}": number for number in range(900)} | {f"long-{n}": "x" * 200 for n in range(99)}
    headers = [(b"x-%d" % number, b"v" * 100) for number in range(200)]
    made = Facts(json.dumps(body).encode(), headers, "chat/completions", "chat", False, None, None, 0.0)
    text = record(made)
    assert len(text) < 8192
    assert {"body", "headers"} <= set(read(text, "").cut)
    assert len(read(text, "").cut) <= 2 * MOST_CUT + 2


@given(requests())
def test_any_request_can_be_recorded_and_recalled(made: Facts) -> None:
    text = record(made)
    recorded = read(text, "")
    assert recorded.endpoint == made.endpoint
    recall(recorded, made.model, made.stream, made.api_key, made.client_ip, made.now, None)


@pytest.mark.parametrize("text", [None, "", "no JSON", "[]", b"\xff", "[" * 5000])
def test_a_row_without_facts_leaves_all_open(text: str | bytes | None) -> None:
    assert read(text, "messages") == Recorded("messages", cut=NOTHING)


def test_the_sample_request_comes_back() -> None:
    made = facts()
    recorded = read(record(made).decode(), "")
    again = recall(recorded, made.model, made.stream, made.api_key, made.client_ip, made.now, 7)
    for name in (
        "model",
        "endpoint",
        "stream",
        "has_tools",
        "has_images",
        "message_count",
        "input_tokens",
        "ip",
    ):
        assert getattr(again, name) == getattr(made, name)
    assert again.headers[b"x-priority"] == made.headers[b"x-priority"]
    assert again.body.get("temperature") == made.body.get("temperature")


words = st.one_of(
    st.sampled_from(["user", "assistant", "tool", "x", "", "\ud800", "é"]), st.integers(), st.none()
)
spoken = st.dictionaries(
    st.sampled_from(["role", "content", "name", "output"]), words | st.lists(words), max_size=4
)


@given(st.lists(spoken | words, max_size=4) | words)
def test_plain_messages_are_outlined_as_all_others(listed: Any) -> None:
    raw = json.dumps(listed).encode()
    quick = plain_messages(msgspec.Raw(raw))
    if quick is not None:
        assert quick == messages(msgspec.json.decode(raw))
        assert kept(plain({"messages": listed})).has_images is False
    elif isinstance(listed, list):
        assert not all(isinstance(each, dict) and set(each) == {"role", "content"} for each in listed) or any(
            each["role"] not in ("user", "assistant", "tool") or not isinstance(each["content"], str)
            for each in listed
        )


def test_messages_that_are_no_json_are_not_outlined() -> None:
    for bad in (
        b'[{"role":"user","content":"\xff"}]',
        b'[{"role":"user","content":"a","name":"\\ud800x\\q"}]',
    ):
        assert plain_messages(msgspec.Raw(bad)) is None


_LISTED = (
    b"[]",
    b'[{"role":"user","content":"hi"}]',
    b'[{"role":"user","content":"\\"messages\\": [] {"}]',
    b'[{"role":"system","content":"a"},{"role":"user","content":"sk-abcdefghijklmnopqrstuvwxyz012345"}]',
)


@pytest.mark.parametrize(
    "around",
    [
        b'{"model":"m","messages":%b,"temperature":0.5}',
        b'{"temperature":0.5,"messages": %b}',
        b'{"messages":%b,"messages":%b}',
        b'{"messages":%b,"messages":[{"role":"tool","content":"x"}]}',
        b'{"messages":[{"role":"tool","content":"x"}],"messages":%b}',
        b'{"x":{"messages":%b},"messages":%b}',
        b'{"x":{"messages":%b},"messages":[{"role":"user","content":"hi"}]}',
        b'{"x":"\\"messages\\":","messages":%b,"tools":[]}',
        b'{"x":%b,"messages":%b,"user":"sk-abcdefghijklmnopqrstuvwxyz012345"}',
        b'{"messages" : %b ,"tools":[{"type":"function","name":"f"}]}',
    ],
)
@pytest.mark.parametrize("endpoint", ["chat/completions", "responses"])
def test_a_record_that_is_looked_up_is_the_one_that_would_be_made(around: bytes, endpoint: str) -> None:
    beyond_what_is_remembered = b" " * 2000
    for _ in range(2):
        for listed in _LISTED:
            body = around.replace(b"%b", listed)
            fresh = record(plain(body + beyond_what_is_remembered, endpoint))
            assert record(plain(body, endpoint)) == fresh
