"""What an analysis says of the rules of a model: each claim is tried on requests it has not seen."""

from typing import Any

import pytest

from app.domain.model import Strategy
from app.rules.analysis.analyse import analyse
from app.rules.analysis.findings import Analysis, Finding, FindingCode, FindingSeverity, Named, Proof
from app.rules.engine import predicate
from app.rules.sample import facts_of
from tests.unit.rules.builders import LISTS

MODEL = "gpt-4o-mini"
OPENAI = frozenset(("chat/completions", "completions", "embeddings", "responses"))
ANTHROPIC = frozenset(("messages", "messages/count_tokens"))


def run(*texts: str, own: str = "", strategy: Strategy = Strategy.ROUND_ROBIN, **changes: Any) -> Analysis:
    """The analysis of a model with these rules; the targets have the numbers and priorities 1, 2, ..."""
    targets = [Named(number, f"p{number}", text, number, **changes) for number, text in enumerate(texts, 1)]
    return analyse(MODEL, own, targets, LISTS, strategy)


def found(analysis: Analysis, code: FindingCode) -> list[Finding]:
    return [finding for finding in analysis.findings if finding.code is code]


def only(analysis: Analysis, code: FindingCode) -> Finding:
    (finding,) = found(analysis, code)
    return finding


def passes(text: str, finding: Finding) -> bool:
    """What the compiled rule says of the example of a finding."""
    assert finding.example is not None
    return predicate(text, LISTS)(facts_of(finding.example))


NEVER = [
    "body.temperature > 0.5 and body.temperature < 0.3",
    'headers.x-tier == "a" and headers.x-tier == "b"',
    "body.seed == null and not exists(body.seed)",
    "api_key.id > 5 and api_key.id < 6",
    "token_usage.input_tokens < 0",
    'api_key.tags contains "beta" and not (api_key.tags contains "beta")',
    'client.ip in ["10.1.0.0/16"] and client.ip not in ["10.0.0.0/8"]',
    "number(headers.x-budget) > 5 and not (number(headers.x-budget) > 4)",
    'hour("Europe/Berlin") > 25',
    'model == "another"',
    'model matches "^claude"',
    'body.user matches "^a" and not (body.user matches "^a")',
    'api_key.name in $teams and api_key.name not in ["search", "ads"]',
    'body.metadata.ticket == "a" and not exists(body.metadata.ticket)',
    "stream and not (body.stream == true)",
    "has_tools and not has_tools",
]


@pytest.mark.parametrize("text", NEVER)
def test_a_contradiction_is_proven(text: str) -> None:
    finding = only(run(text, ""), FindingCode.NEVER_TRUE)

    assert (finding.severity, finding.proof) == (FindingSeverity.ERROR, Proof.PROVEN)
    assert finding.target_id == 1
    always = found(run(f"not ({text})"), FindingCode.ALWAYS_TRUE)
    assert [finding.proof for finding in always] == [Proof.PROVEN]


@pytest.mark.parametrize(
    "text",
    [
        'body.user matches "^a" and body.user matches "^b"',
        'last_user_text == "a" and last_user_text == "b"',
        "count(body.messages, .role == 'user') > 3 and len(body.messages) < 2",
        'body.user starts_with "a" and body.user == "b"',
        'number(headers.x-budget) == 7 and headers.x-budget != "7"',
        'headers["no header"] == "a"',
        'headers.x-tier == " a"',
    ],
)
def test_what_regions_do_not_exhaust_is_only_not_found(text: str) -> None:
    finding = only(run(text, ""), FindingCode.NEVER_TRUE)

    assert (finding.severity, finding.proof) == (FindingSeverity.WARNING, Proof.NOT_FOUND)


@pytest.mark.parametrize(
    "text",
    [
        'last_user_text matches "^Hi" and message_count > 3',
        "has_images and stream",
        'any(body.messages, .role == "tool" and text(.) contains "error")',
        'token_usage.total_tokens > 1000 and endpoint == "responses"',
        'bucket(api_key.id, "exp-7") < 10',
        'lower(headers.x-team) starts_with "sea"',
        r'body.user matches "^u-[0-9]{3}(-test)?$" and body.user contains "test"',
        'body.messages[-1].content contains "summarize" and body.messages[0].role == "system"',
        'system_text contains "careful" and last_user_text != "x"',
        'values(headers.x-tag) contains "red" and any(values(headers.x-tag), . == "blue")',
        'api_key.metadata.level in 2..4 and hour("UTC") in 8..17 and weekday("UTC") < 6',
        'count(body.messages, .role == "user") >= 5',
        "body.user == api_key.name",
        'text(body.messages[0]) matches "(?i)hello"',
        'client.ip == "2001:db8::7"',
        r'body["a.b\u0000c"]["d"] == 1 and body["a.b\u0000c"]["e.f"] != 2',
        'body["a"] == "x" or body["a"].b == 3 or body["a"].b[1] == null',
    ],
)
def test_a_rule_that_can_pass_gets_an_example(text: str) -> None:
    analysis = run(text, text)

    finding = only(analysis, FindingCode.SAME_MEANING)
    assert passes(text, finding)
    assert finding.proof is Proof.PROVEN
    assert not passes(text, only(analysis, FindingCode.GAP))


def test_a_complement_leaves_no_gap() -> None:
    texts = ["body.n in 1..3", "body.n > 3", "body.n < 1"]

    assert not found(run("stream", "not stream"), FindingCode.GAP)
    gap = only(run(*texts), FindingCode.GAP)
    assert (gap.severity, gap.target_id) == (FindingSeverity.WARNING, None)
    assert gap.example is not None
    assert "n" not in gap.example.body
    ill_typed = only(run(*texts, "not exists(body.n)"), FindingCode.GAP)
    assert ill_typed.severity is FindingSeverity.INFO


def test_an_example_has_the_right_types_where_it_can() -> None:
    gap = only(run("not exists(body.n)", "body.n > 3", "body.n < 5 and has_tools"), FindingCode.GAP)

    assert gap.severity is FindingSeverity.WARNING
    assert gap.example is not None
    assert gap.example.body["n"] <= 3


def test_a_target_that_the_model_excludes() -> None:
    finding = only(run("stream", "not stream", own="stream"), FindingCode.UNREACHABLE)

    assert (finding.target_id, finding.proof) == (2, Proof.PROVEN)
    assert passes("not stream", finding)
    assert not passes("stream", finding)


def test_a_target_whose_protocol_has_not_the_endpoint() -> None:
    targets = [Named(1, "a", 'endpoint == "messages"', 0, OPENAI), Named(2, "b", "", 0, ANTHROPIC)]

    analysis = analyse(MODEL, "", targets, {})

    assert only(analysis, FindingCode.UNREACHABLE).target_id == 1
    gap = only(analysis, FindingCode.GAP)
    assert gap.example is not None
    assert gap.example.endpoint in OPENAI


def test_endpoints_nobody_speaks_are_no_gap() -> None:
    assert run("", endpoints=OPENAI).findings == ()


def test_order_shadows_with_priorities_only() -> None:
    texts = ["body.temperature <= 0.5", "body.temperature < 0.4"]

    shadowed = only(run(*texts, strategy=Strategy.PRIORITY), FindingCode.SHADOWED)
    assert (shadowed.target_id, shadowed.other_ids, shadowed.proof) == (2, (1,), Proof.PROVEN)
    assert all(passes(text, shadowed) for text in texts)
    assert not found(run(*texts[::-1], strategy=Strategy.PRIORITY), FindingCode.SHADOWED)
    for strategy in (Strategy.ROUND_ROBIN, Strategy.WEIGHTED, Strategy.LEAST_LATENCY):
        assert not found(run(*texts, strategy=strategy), FindingCode.SHADOWED)


def test_two_targets_together_shadow_a_third() -> None:
    analysis = run("body.n > 3", "body.n <= 3", "body.n in 2..5", strategy=Strategy.PRIORITY)

    shadowed = only(analysis, FindingCode.SHADOWED)
    assert (shadowed.target_id, shadowed.other_ids) == (3, (1, 2))


def test_targets_of_the_same_priority_and_spare_ones_are_not_shadowed() -> None:
    targets = [Named(1, "a", "stream", 1), Named(2, "b", "stream and has_tools", 1)]
    assert not found(analyse(MODEL, "", targets, {}, Strategy.PRIORITY), FindingCode.SHADOWED)

    for texts in (("", ""), ("stream", "", ""), ("stream", "stream == true")):
        assert not found(run(*texts, strategy=Strategy.PRIORITY), FindingCode.SHADOWED)


def test_a_target_of_another_protocol_shadows_nothing() -> None:
    targets = [Named(1, "a", "", 1, ANTHROPIC), Named(2, "b", "stream", 2, OPENAI)]

    assert not found(analyse(MODEL, "", targets, {}, Strategy.PRIORITY), FindingCode.SHADOWED)


def test_a_condition_that_never_decides_has_its_place() -> None:
    text = "body.temperature < 0.5 and stream and body.temperature < 0.9"
    finding = only(run(text), FindingCode.IDLE)

    assert finding.span is not None
    assert text[slice(*finding.span)] == "body.temperature < 0.9"
    assert finding.proof is Proof.PROVEN


def test_a_condition_on_the_name_of_the_model_has_its_place() -> None:
    text = 'stream and (model starts_with "gpt" or has_tools)'
    finding = only(run(text), FindingCode.CONSTANT)

    assert finding.span is not None
    assert text[slice(*finding.span)] == 'model starts_with "gpt"'
    assert finding.message == "for this model the condition is always true"


def test_a_text_that_is_no_rule_is_left_out() -> None:
    analysis = run("stream and", "stream", "not stream")

    finding = only(analysis, FindingCode.INVALID)
    assert (finding.severity, finding.target_id) == (FindingSeverity.ERROR, 1)
    assert len(analysis.findings) == 1
    assert found(run("stream", own="stream ="), FindingCode.INVALID)[0].target_id is None


def test_more_targets_than_a_model_may_have() -> None:
    assert not run(*["stream"] * 64).complete
