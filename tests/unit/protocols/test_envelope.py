"""The top level of request bodies: what is read, what is refused, and that a splice leaves every other byte alone."""

import json
import random
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common.errors import GatewayError, InvalidJson, InvalidRequest
from app.protocols.envelope import MAX_MEMBERS, peek, splice

_LARGE = b" " * 256 * 1024
"""White space that makes any body one of those that are read the careful way."""

_space = st.text(" \t\n\r", max_size=3)
_scalars = st.one_of(
    st.sampled_from(
        ["null", "true", "false", "1.0", "1e-7", "-0", "1E400", "12345678901234567890", "0.1000"]
    ),
    st.text(max_size=12).map(json.dumps),
    st.text(max_size=12).map(lambda text: json.dumps(text, ensure_ascii=False)),
)
_names = st.one_of(
    st.text(max_size=6), st.sampled_from(["model", "stream", "messages", "model ", "Model", 'a"b', "m\\odel"])
)


@st.composite
def _key(draw: st.DrawFn, name: str) -> str:
    """A name as JSON, some of its characters written as escapes."""
    written = "".join(
        f"\\u{ord(char):04x}" if ord(char) < 0xD800 and draw(st.booleans()) else json.dumps(char)[1:-1]
        for char in name
    )
    return f'"{written}"'


@st.composite
def _value(draw: st.DrawFn, depth: int = 3) -> str:
    kind = draw(st.integers(0, 3 if depth else 1))
    if kind < 2:
        return draw(_scalars)
    s = [draw(_space) for _ in range(3)]
    items = draw(st.lists(_value(depth - 1), max_size=4))
    if kind == 2:
        return f"[{s[0]}" + f"{s[1]},{s[2]}".join(items) + "]"
    members = [
        draw(_key(draw(_names))) + s[1] + ":" + s[2] + item for item in items
    ]  # duplicate names may occur
    return "{" + s[0] + f"{s[2]},{s[1]}".join(members) + "}"


@st.composite
def _document(draw: st.DrawFn) -> tuple[bytes, str, int, int]:
    """A body, its model, and where the model's value lies."""
    model = draw(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20))
    s = [draw(_space) for _ in range(8)]
    others = draw(
        st.lists(st.tuples(_names.filter(lambda name: name not in ("model", "stream")), _value()), max_size=5)
    )
    members = [draw(_key(name)) + s[0] + ":" + s[1] + value for name, value in others]
    if draw(st.booleans()):
        members.append(f'"stream":{draw(st.sampled_from(["true", "false", "null"]))}')
    written = json.dumps(model, ensure_ascii=draw(st.booleans()))
    key = draw(st.one_of(st.just('"model"'), _key("model")))
    place = draw(st.integers(0, len(members)))
    comma = s[2] + "," + s[3]
    head = s[4] + "{" + s[5] + "".join(member + comma for member in members[:place]) + key + s[6] + ":" + s[7]
    tail = "".join(comma + member for member in members[place:]) + s[5] + "}" + s[4]
    start = len(head.encode())
    return (head + written + tail).encode(), model, start, start + len(written.encode())


@given(_document(), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_only_the_model_changes(document: tuple[bytes, str, int, int], target: str) -> None:
    body, model, start, end = document
    envelope = peek(body)
    assert (envelope.model, envelope.model_span) == (model, (start, end))
    pieces = splice(body, envelope, target)
    spliced = b"".join(pieces)
    assert spliced.startswith(body[:start])
    assert spliced.endswith(body[end:])
    if target == model:
        assert len(pieces) == 1
        assert pieces[0] is body
    else:
        assert json.loads(spliced[start : len(spliced) - (len(body) - end)]) == target
        assert json.loads(spliced)["model"] == target


@given(_document())
def test_both_ways_agree(document: tuple[bytes, str, int, int]) -> None:
    body = document[0]
    quick, exact = peek(body), peek(body + _LARGE)
    assert msgspec.structs.replace(quick, members=None) == msgspec.structs.replace(exact, members=None)
    if quick.members is not None:
        assert {name: json.loads(bytes(raw)) for name, raw in quick.members.items()} == json.loads(body)


def test_large_bodies_are_read_alike() -> None:
    text = "x" * 300_000
    body = json.dumps({"messages": [text], "model": "m", "stream": True}).encode()
    envelope = peek(body)
    assert envelope.stream
    assert body[slice(*envelope.model_span)] == b'"m"'


@pytest.mark.parametrize(
    ("body", "stream"),
    [
        (b'{"model":"m"}', False),
        (b'{"model":"m","stream":true}', True),
        (b'{"model":"m","stream" : false }', False),
        (b'{"model":"m","stream":null}', False),
        (b'{"model":"m","str\\u0065am":true}', True),
    ],
)
def test_stream(body: bytes, stream: bool) -> None:
    assert peek(body).stream is stream


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{}", "model"),
        (b'{"model":null}', "model"),
        (b'{"model":1}', "model"),
        (b'{"model":["m"]}', "model"),
        (b'{"model":""}', "model"),
        (b'{"model":"' + b"m" * 257 + b'"}', "model"),
        (b'{"model":"a\\u0000b"}', "model"),
        (b'{"model":"a\\nb"}', "model"),
        (b'{"model":"a\x7fb"}', "model"),
        (b'{"Model":"m"}', "model"),
        (b'{"model":"m","stream":1}', "stream"),
        (b'{"model":"m","stream":"true"}', "stream"),
        (b'{"model":"m","stream":{}}', "stream"),
    ],
)
def test_unusable_values(body: bytes, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        peek(body)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","model":"b"}',
        b'{"model":"a","model":"a"}',
        b'{"model":"a","mod\\u0065l":"b"}',
        b'{"mod\\u0065l":"a","model":"b"}',
        b'{"model":0,"model":0}',
        b'{"model":"a","messages":[{"role":"user","content":"hi"}],"model":"a"}',
        b'{ "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "model": "a", "g": 7, "h": 8, "\\u006dodel": "a" }',
        b'{"a":{"z":1,"model":"x"},"model":"evil","a":{"p":1,"model":"good"},"model":"good"}',
    ],
)
def test_a_second_model_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="two `model` keys"):
        peek(body)


@pytest.mark.parametrize(
    ("body", "span"),
    [
        (b'{"a":1,"a":2,"model":"m"}', (21, 24)),
        (b'{"a":12,"b":0,"model":"m","a":1}', (22, 25)),  # the kept value is the beginning of the dropped one
        (b'{"a":1,"model":"evil","a":{"p":1,"model":"good"}}', (15, 21)),
        (b'{"a":{"model":"x"},"model":"m"}', (27, 30)),
        (b'{"x":"\\"model\\":\\"y\\"","model":"m"}', (31, 34)),
        (b'{"mod\\u0065l":"m"}', (14, 17)),
    ],
)
def test_other_duplicates_and_spellings_are_kept(body: bytes, span: tuple[int, int]) -> None:
    envelope = peek(body)
    assert envelope.model_span == span
    assert body[slice(*span)] == json.dumps(envelope.model).encode()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"[]", "must be a JSON object"),
        (b'"model"', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b"{", "ends too early"),
        (b'{"model":"m"', "ends too early"),
        (b'{"model":"m"} x', "trailing characters"),
        (b'{"model":"m"}\0', "trailing characters"),
        (b'{"model":"m",}', "trailing comma"),
        (b"{'model':'m'}", r"\(byte 1\)"),
        (b'{"model":"m","a":NaN}', r"invalid character \(byte 17\)"),
        (b'{"model":"m","a":01}', "invalid number"),
        (b'\xef\xbb\xbf{"model":"m"}', "byte order mark"),
        (b'{"model":"m","a":"\xff"}', "not UTF-8: invalid byte at 18"),
        (b'{"model":"m","a":"\xed\xa0\x80"}', "not UTF-8: invalid byte at 18"),
        (b'{"model":"m","\xff":1}', "not UTF-8: invalid byte at 14"),
        (b'{"model":"m","a":"b\nc"}', r"invalid character \(byte 19\)"),
        (b'{"model":"m","a":"\0"}', r"invalid character \(byte 18\)"),
        (b'{"model":"m","a":["\\uD800 lone"]}', "not valid JSON"),
        (b'{"model":"m","a":"\\udc00 lone"}', "surrogate"),
        (b'{"model":"\\ud83d"}', "not valid JSON"),
        (b'{"model":"m","a":"\\x41"}', "escape"),
        (b'{"model":"m","a":' + b"[" * 5000 + b"]" * 5000 + b"}", "too deep"),
        (b'{"model":"m","a":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", "too deep"),
        ('{"model":"m"}'.encode("utf-16"), "not"),
    ],
)
@pytest.mark.parametrize("padding", [b"", _LARGE], ids=["small", "large"])
def test_what_is_no_json_object(body: bytes, text: str, padding: bytes) -> None:
    with pytest.raises(InvalidJson, match=text):
        peek(body + padding)


def test_errors_hold_no_request_values() -> None:
    for body in (
        b'{"model":"m","a":"canary\x01"}',
        b'{"model":["canary"]}',
        b'{"model":"m","stream":"canary"}',
    ):
        with pytest.raises(GatewayError) as caught:
            peek(body)
        assert "canary" not in caught.value.message


@pytest.mark.parametrize("members", [MAX_MEMBERS + 1, 100_000])
def test_members_are_bounded(members: int) -> None:
    body = ("{" + ",".join(f'"k{n}":0' for n in range(members - 1)) + ',"model":"m"}').encode()
    with pytest.raises(InvalidRequest, match=f"more than {MAX_MEMBERS} members"):
        peek(body)


@given(st.binary(max_size=60))
def test_any_bytes_get_an_answer(body: bytes) -> None:
    for candidate in (body, b'{"model":"m",' + body + b"}"):
        try:
            peek(candidate)
        except (InvalidJson, InvalidRequest):
            continue


def test_large_hostile_bodies_are_refused_quickly() -> None:
    """The worst of each kind at a megabyte; the bound is loose, a quadratic reader would take minutes."""
    size = 1_000_000
    rng = random.Random(1)
    bodies = [
        b"[" * size,
        b'{"a":' * (size // 5),
        b'{"a":"' + b"\\" * (size | 1),
        b'{"a":1' + b"1" * size,
        b'{"a":1,' + b'"a":1,' * (size // 6) + b'"model":"m"}',
        b'{"' + b"\\u006d" * (size // 6) + b'":1}',
        rng.randbytes(size),
    ]
    started = time.perf_counter()
    for body in bodies:
        with pytest.raises((InvalidJson, InvalidRequest)):
            peek(body)
    assert time.perf_counter() - started < 5
