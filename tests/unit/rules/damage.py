"""Requests with whatever can be wrong with one, many and quickly: from a random source, not from Hypothesis."""

import json
import random
from typing import Any

import msgspec

from app.domain.api_key import ApiKey
from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.context import Facts
from tests.unit.rules.builders import SAMPLE

_PARTS = [
    {"type": "text", "text": "user"},
    {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    {"type": "tool_result", "content": [{"type": "text", "text": "a"}, {"type": "image"}]},
]
_BODIES: list[dict[str, Any]] = [
    SAMPLE["body"],
    SAMPLE["body"]
    | {"x": "user", "seed": 1, "stop": ["a", "user"], "store": True, "metadata": {"ticket": "a"}},
    {
        "model": "gpt-4o-mini",
        "system": _PARTS,
        "max_tokens": 5,
        "messages": [{"role": "user", "content": _PARTS}],
    },
    {
        "model": "gpt-4o-mini",
        "input": [{"role": "user", "content": _PARTS}],
        "instructions": "a",
        "x": _PARTS,
    },
    {"model": "high", "prompt": ["a", "user"], "stop": "a", "user": "user", "x": {"y": ["a", 1]}, "n": 5321},
    {
        "messages": [{"role": role, "content": "a"} for role in ("system", "user", "tool")] * 60,
        "x": [[1, "a"]],
    },
]
_VALUES = [
    *(
        "null",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "-0",
        "0.4",
        "1.0",
        "1e3",
        "5321",
        "9007199254740993",
        "1e400",
    ),
    *(
        '""',
        '"a"',
        '"user"',
        '"HIGH"',
        '"1"',
        '"7.5"',
        '"é"',
        '"203.0.113.9"',
    ),
    *(
        "[]",
        "{}",
        "[[]]",
        '["a"]',
        "[null]",
        '["user", 1, true]',
        '{"role": "user"}',
        '{"text": 1}',
        '{"a": {"b": "x"}}',
    ),
    *(
        "1" * 400,
        "9" * 5_000,
        '"' + "a" * 3_000 + '"',
        "[" * 300 + "]" * 300,
        '{"content":' * 100 + "1" + "}" * 100,
    ),
]
_NO_JSON = [
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "'a'",
    "",
    "tru",
    '"\ud800"',
    '"\\ud800"',
    '"\\udcff\\ud83d"',
]
_TEXTS = ["gpt-4o-mini", "high", "user", "a", "", "\ud800", "é", "search", "1"]
_HEADERS = [b"x-priority", b"x-tag", b"x-budget", b"x-team", b"2fa", b"x-other"]
_LINES = [
    b"high",
    b"HIGH",
    b"7.5",
    b"a, b",
    b",,",
    b"Search",
    b"",
    b"\xff\x00",
    b"\xc3\xa9",
    b"9" * 5_000,
    b"on",
]
_ADDRESSES = [None, "203.0.113.9", "::1", "fe80::1%eth0", "unix", "::ffff:203.0.113.9", "2001:db8:1::5"]
_ENDPOINTS = ["chat/completions", "messages", "responses", "completions", "embeddings", "else", ""]
_TIMES = [0.0, 1_790_000_000.0, -1.0, 1e18, float("nan"), float("inf")]


def damaged(source: random.Random) -> Facts:
    """A request that differs from a good one in a little, in a lot, or in everything."""
    key = ApiKey(
        source.choice([0, 7, 12, 10**18]),
        source.choice(_TEXTS),
        tags=tuple(source.choices(_TEXTS, k=source.randrange(3))),
        metadata={
            name: source.choice(["search", 3, 1, True, 0.5, "", "é"]) for name in ("team", "level", "trusted")
        },
    )
    made = Facts(
        _spelled(source),
        [(source.choice(_HEADERS), source.choice(_LINES)) for _ in range(source.randrange(6))],
        source.choice(_ENDPOINTS),
        source.choice(_TEXTS),
        source.random() < 0.5,
        source.choice([None, key]),
        source.choice(_ADDRESSES),
        source.choice(_TIMES),
    )
    made.input_tokens = source.choice([None, 0, 5_321, 10**30])
    return made


def _spelled(source: random.Random) -> bytes:
    """A body; one in twenty is no JSON at all."""
    share = source.choice([0.0, 0.02, 0.2, 0.7])
    text = _object(source.choice(_BODIES), source, share).encode("utf-8", "surrogatepass")
    if source.random() < 0.03:
        return text[: source.randrange(len(text) + 1)]
    if source.random() < 0.02:
        return source.choice([b"", b"[]", b"null", b"[" * 5_000, b'{"a":' * 5_000, b"\xff", b'{"n":1}{'])
    return text


def _spell(value: Any, source: random.Random, share: float) -> str:
    """JSON in which about `share` of the values are others."""
    if source.random() < share:
        return source.choice(_NO_JSON if source.random() < 0.002 else _VALUES)
    if isinstance(value, dict):
        return _object(value, source, share)
    if isinstance(value, list):
        return "[" + ", ".join(_spell(item, source, share) for item in value) + "]"
    return json.dumps(value)


def _object(value: dict[str, Any], source: random.Random, share: float) -> str:
    """Some names come twice."""
    members = [f"{json.dumps(name)}: {_spell(item, source, share)}" for name, item in value.items()]
    if source.random() < share:
        members.append(f"{json.dumps(source.choice([*value, 'x']))}: {source.choice(_VALUES)}")
    return "{" + ", ".join(members) + "}"


def shuffled(node: Node, source: random.Random) -> Node:
    """The tree with the operands of each `and` and `or` in another order."""
    replace: Any = msgspec.structs.replace
    if isinstance(node, tree.And | tree.Or):
        items = [shuffled(item, source) for item in node.items]
        source.shuffle(items)
        return replace(node, items=tuple(items))
    if isinstance(node, tree.Not):
        return replace(node, operand=shuffled(node.operand, source))
    if isinstance(node, tree.Compare):
        return replace(node, left=shuffled(node.left, source), right=shuffled(node.right, source))
    if isinstance(node, tree.Member):
        return replace(node, value=shuffled(node.value, source))
    if isinstance(node, tree.Call):
        return replace(node, args=tuple(shuffled(arg, source) for arg in node.args))
    if isinstance(node, tree.Quant):
        return replace(node, list=shuffled(node.list, source), condition=shuffled(node.condition, source))
    return node
