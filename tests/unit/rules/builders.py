"""The shared sample request of `rules_grammar`, with changes, as Facts; and models around given rules."""

from importlib.resources import files
from typing import Any

import msgspec

from app.domain.api_key import ApiKey
from app.domain.model import Model, Retry, Strategy, Target
from app.domain.provider import Protocol, Provider, Timeouts
from app.rules.context import Facts

SAMPLE: dict[str, Any] = msgspec.json.decode((files("rules_grammar") / "examples/request.json").read_bytes())
LISTS = {name: frozenset(entries) for name, entries in SAMPLE["lists"].items()}


def facts(**changes: Any) -> Facts:
    """The sample with changes, as `rules_grammar/conformance/README.md` describes them."""
    request = SAMPLE | changes
    body = msgspec.json.encode(SAMPLE["body"] | changes.get("body", {}))
    if "raw_body" in changes:
        body = changes["raw_body"] if isinstance(changes["raw_body"], bytes) else changes["raw_body"].encode()
    lines = [*SAMPLE["headers"], *changes.get("headers", ())]
    key = request["api_key"]
    made = Facts(
        body,
        [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in lines],
        request["endpoint"],
        request["model"],
        request["stream"],
        None
        if key is None
        else ApiKey(key["id"], key["name"], tags=tuple(key["tags"]), metadata=key["metadata"]),
        request["client_ip"],
        request["now"],
    )
    made.input_tokens = request["input_tokens"]
    return made


def target(number: int, rule: str) -> Target:
    provider = Provider(
        number,
        f"provider-{number}",
        Protocol.OPENAI,
        "http://127.0.0.1:9",
        None,
        (),
        Timeouts(5, 300, 300, 3600),
    )
    return Target(number, provider, f"target-model-{number}", rule, priority=0, weight=1)


def model(*rules: str, own: str = "") -> Model:
    """A model with one target for each rule, numbered from 1."""
    targets = tuple(target(number, rule) for number, rule in enumerate(rules, 1))
    return Model(1, "gpt-4o-mini", own, Strategy.ROUND_ROBIN, Retry(3, 1.0, 5.0, 8), targets, created=0.0)
