"""Claims of an analysis on random rules: tried on requests it has not seen, and its examples on compiled rules."""

import random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.api_key import ApiKey
from app.domain.model import Strategy
from app.protocols.endpoints import ENDPOINTS
from app.rules.analysis.analyse import analyse
from app.rules.analysis.findings import Analysis, Finding, FindingCode, Named, Proof
from app.rules.context import Facts
from app.rules.diagnostics import RuleError
from app.rules.engine import predicate
from app.rules.members import Members
from app.rules.sample import facts_of
from tests.unit.rules.builders import LISTS
from tests.unit.rules.strategies import requests, rules

MODEL = "gpt-4o-mini"


def run(*texts: str, own: str = "", strategy: Strategy = Strategy.PRIORITY) -> Analysis:
    """The analysis of a model with these rules; the targets have the numbers and priorities 1, 2, ..."""
    targets = [Named(number, f"p{number}", text, number) for number, text in enumerate(texts, 1)]
    return analyse(MODEL, own, targets, LISTS, strategy)


def _small(chance: random.Random) -> str:
    """A rule over a few fields and close values, so that regions meet and contradict."""
    number, text = chance.choice(["0", "1", "1.5", "2", "3"]), chance.choice(['"a"', '"b"', '"5"', '""'])
    order = chance.choice(["<", "<=", ">", ">=", "==", "!="])
    tests = [
        f"body.n {order} {number}",
        f"{number} {order} body.n",
        f"body.n in 1..{chance.choice(['1', '2', '3'])}",
        f'body["x"] {chance.choice(["==", "!="])} {chance.choice([text, number, "null", "true"])}',
        'exists(body["x"])',
        f"headers.x-tag {chance.choice(['==', '!='])} {text}",
        f"number(headers.x-budget) {order} {number}",
        f"headers.x-tag {chance.choice(['contains', 'starts_with'])} {text}",
        f"api_key.id {order} {number}",
        f"api_key.tags contains {text}",
        "stream",
        f"body.metadata.a == {text}",
        f"token_usage.max_output_tokens {order} {number}",
        f"token_usage.input_tokens {order} {number}",
        'client.ip in ["203.0.113.0/24"]',
        'client.ip == "203.0.113.9"',
        f'hour("UTC") {order} {number}',
        'endpoint == "messages"',
        f"message_count {order} {number}",
        "has_tools",
    ]
    fields = chance.sample(tests, 2)
    if chance.random() < 0.25:
        return chance.choice(["", "not "]) + fields[0]
    parts = [
        chance.choice(["", "not "]) + chance.choice([*fields, chance.choice(tests)])
        for _ in range(chance.randrange(2, 5))
    ]
    return chance.choice([" and ", " or "]).join(f"({part})" for part in parts)


def _near(chance: random.Random) -> Facts:
    """A request whose values are close to those of `_small`."""
    scalars = [
        0,
        1,
        2,
        3,
        1.5,
        2.5,
        -1,
        1.0,
        0.5,
        100,
        True,
        False,
        None,
        "a",
        "b",
        "5",
        "",
        "c",
        [],
        {},
        [1],
    ]
    body: dict[str, Any] = {"model": MODEL}
    for name in ("n", "x", "stream", "max_tokens", "max_completion_tokens", "tools", "functions"):
        if chance.random() < 0.6:
            body[name] = chance.choice(scalars)
    if chance.random() < 0.6:
        body["metadata"] = chance.choice([{}, {"a": chance.choice(scalars)}, [], "a"])
    if chance.random() < 0.6:
        body["messages"] = [{"role": "user"}] * chance.randrange(4)
    lines = [
        (name, chance.choice([b"a", b"b", b"5", b"", b"1.5", b"ab", b"2.7"]))
        for name in (b"x-tag", b"x-budget")
        if chance.random() < 0.7
    ]
    key = ApiKey(chance.randrange(6), "k", tags=tuple(chance.choices(["a", "b", "5", "", "c"], k=2)))
    ip = chance.choice([None, "203.0.113.9", "203.0.113.7", "::1", "::ffff:203.0.113.9"])
    endpoint = chance.choice([endpoint.name for endpoint in ENDPOINTS.values()])
    made = Facts(b"", lines, endpoint, MODEL, body.get("stream") is True, key, ip, chance.random() * 2e9)
    made.body = Members(body)
    made.input_tokens = chance.choice([None, 0, 1, 2, 3, 500])
    return made


def _real(request: Facts) -> Facts:
    """A damaged request as the gateway would let it come to these rules: for the model, by a known route."""
    request.model = request.body["model"] = MODEL
    request.stream = request.body.get("stream") is True
    request.api_key = request.api_key or ApiKey(3, "k")
    request.endpoint = request.endpoint if request.endpoint != "else" else "responses"
    request.now = request.now if 0 <= request.now < 4e9 else 1.0
    return request


@settings(deadline=None)
@given(st.integers(0, 2**32), st.lists(requests(), min_size=20, max_size=20))
def test_no_request_contradicts_what_is_proven(seed: int, damaged: list[Facts]) -> None:
    chance = random.Random(seed)
    texts = [_small(chance) for _ in range(3)]
    tried = [*map(_real, damaged), *(_near(chance) for _ in range(200))]
    rule_of = {number: predicate(text, LISTS) for number, text in enumerate(texts, 1)}

    analysis = run(*texts)

    gap = [finding for finding in analysis.findings if finding.code is FindingCode.GAP]
    for request in tried:
        taken = {number: rule(request) for number, rule in rule_of.items()}
        # Fields are exact or not, but for the types of values the search for a gap looks at everything.
        assert gap or any(taken.values()) or not analysis.complete or not _exact(texts)
        for finding in analysis.findings:
            if finding.proof is Proof.PROVEN:
                _agrees(finding, taken, texts, request)


def _exact(texts: list[str]) -> bool:
    opaque = ("contains", "starts_with", "message_count", "max_output", "has_tools")
    return not any(word in text for word in opaque for text in texts)


def _agrees(finding: Finding, taken: dict[int, bool], texts: list[str], request: Facts) -> None:
    number = finding.target_id
    if number is None:
        return
    if finding.code is FindingCode.NEVER_TRUE:
        assert not taken[number]
    elif finding.code is FindingCode.ALWAYS_TRUE:
        assert taken[number]
    elif finding.code is FindingCode.SHADOWED:
        assert not taken[number] or any(taken[other] for other in finding.other_ids)
    elif finding.code is FindingCode.SAME_MEANING:
        assert all(taken[other] == taken[number] for other in finding.other_ids)
    elif finding.code is FindingCode.IDLE and finding.span is not None:
        start, end = finding.span
        without = texts[number - 1][:start] + "stream == stream" + texts[number - 1][end:]
        assert predicate(without, LISTS)(request) == taken[number]


@settings(deadline=None)
@example(["stream", "model > api_key.name"], "", False)
@given(st.lists(rules(), min_size=1, max_size=4), st.one_of(st.just(""), rules()), st.booleans())
def test_each_example_shows_what_it_is_said_to_show(texts: list[str], own: str, by_priority: bool) -> None:
    strategy = Strategy.PRIORITY if by_priority else Strategy.WEIGHTED

    analysis = run(*texts, own=own, strategy=strategy)

    for finding in analysis.findings:
        if finding.example is None:
            continue
        request = facts_of(finding.example)
        taken = {}
        for number, text in enumerate(texts, 1):
            try:
                taken[number] = predicate(text, LISTS)(request)
            except RuleError:
                taken[number] = False
        offered = predicate(own, LISTS)(request)
        if finding.code is FindingCode.GAP:
            assert offered
            assert not any(taken.values())
        elif finding.code is FindingCode.UNREACHABLE:
            assert taken[finding.target_id or 0]
            assert not offered
        else:
            assert offered
            assert taken[finding.target_id or 0]
            if finding.code is not FindingCode.SHADOWED:
                assert all(taken[other] for other in finding.other_ids)


@settings(deadline=None)
@given(st.lists(rules(), min_size=1, max_size=4))
def test_two_runs_say_the_same(texts: list[str]) -> None:
    assert run(*texts, own=texts[0]) == run(*texts, own=texts[0])
