"""RuleSet, the door of the package: what it chooses, how it explains, when it needs tokens, what it refuses."""

import pytest

from app.domain.snapshot import RuleSet as RuleSetProtocol
from app.rules.diagnostics import Code, RuleError
from app.rules.engine import RuleSet, check, predicate
from app.rules.limits import MAX_RULES
from tests.unit.rules.builders import LISTS, facts, model


def test_targets_are_chosen_in_their_stored_order() -> None:
    chosen = RuleSet(model("stream", "has_images", "", 'model == "gpt-4o-mini"')).choose(facts())
    assert [target.id for target in chosen] == [1, 3, 4]


def test_a_model_rule_that_refuses_leaves_no_target() -> None:
    assert RuleSet(model("stream", "", own="has_images")).choose(facts()) == ()
    assert len(RuleSet(model("stream", "", own="stream")).choose(facts())) == 2
    assert RuleSet(model("", "", own="has_images")).choose(facts()) == ()


def test_without_rules_the_targets_are_handed_out_as_they_are() -> None:
    plain = model("", " \n# just a comment", "")
    untouched = object.__new__(type(facts()))  # anything read from it would raise
    assert RuleSet(plain).choose(untouched) is plain.targets


def test_a_model_without_targets_chooses_none() -> None:
    assert RuleSet(model(own="stream")).choose(facts()) == ()
    assert RuleSet(model()).choose(facts()) == ()


def test_it_is_what_a_snapshot_asks_for() -> None:
    rules: RuleSetProtocol = RuleSet(model("stream"))
    assert rules.needs_tokens is False


@pytest.mark.parametrize(
    ("rule", "needed"),
    [
        ("token_usage.input_tokens > 10", True),
        ("not (token_usage.total_tokens > 10)", True),
        ("any(body.messages, len(.content) > token_usage.input_tokens)", True),
        ("token_usage.max_output_tokens > 10", False),
        ("stream", False),
    ],
)
def test_tokens_are_needed_when_a_rule_names_a_count(rule: str, needed: bool) -> None:
    assert RuleSet(model("", rule)).needs_tokens is needed
    assert RuleSet(model("", own=rule)).needs_tokens is needed


def test_an_explanation_names_the_first_refusing_part_in_the_order_of_the_text() -> None:
    # `model == ...` is cheaper than the patterns, but stands last
    rule = 'stream and (body.user matches "^x" and has_images) and model == "other"'
    rules = RuleSet(model(rule, 'has_images or model == "other"', "not (stream and has_tools)", ""))

    verdict, first, second, third, fourth = rules.explain(facts())

    assert (verdict.target_id, verdict.provider, verdict.passed) == (None, None, True)
    assert (first.target_id, first.provider, first.passed) == (1, "provider-1", False)
    assert first.refused_by == 'body.user matches "^x"'
    assert first.span == (12, 34)
    assert second.refused_by == 'has_images or model == "other"'
    assert third.refused_by == "not (stream and has_tools)"
    assert fourth.passed
    assert fourth.refused_by is None


def test_an_explanation_has_the_verdict_on_the_model_first() -> None:
    verdict, target = RuleSet(model("stream", own="stream and has_images")).explain(facts())
    assert (verdict.target_id, verdict.passed, verdict.refused_by) == (None, False, "has_images")
    assert target.passed


def test_named_lists_are_read_when_the_rules_are_linked() -> None:
    rule = "api_key.metadata.team in $teams"
    assert len(RuleSet(model(rule), {"teams": frozenset({"search"})}).choose(facts())) == 1
    assert len(RuleSet(model(rule), {"teams": frozenset({"ads"})}).choose(facts())) == 0


def test_a_wrong_rule_is_refused_with_its_faults() -> None:
    with pytest.raises(RuleError) as caught:
        RuleSet(model("stream", "body.temprature > 1"))
    (found,) = caught.value.diagnostics
    assert found.code is Code.UNKNOWN_FIELD
    assert str(caught.value) == "RULE_UNKNOWN_FIELD 1:1 unknown field `body.temprature`"


def test_an_unknown_list_is_refused() -> None:
    with pytest.raises(RuleError, match="RULE_UNKNOWN_LIST"):
        RuleSet(model("api_key.id in $vip_keys"))


def test_a_model_has_a_bounded_number_of_rules() -> None:
    RuleSet(model(*["stream"] * MAX_RULES, *[""] * 10))
    with pytest.raises(RuleError, match="RULE_TOO_MANY_RULES"):
        RuleSet(model(*["stream"] * MAX_RULES, own="stream"))


def test_check_returns_warnings_of_a_good_rule() -> None:
    assert [item.code for item in check('headers.x-a != "1"')] == [Code.NOT_EQUAL_OPTIONAL]
    assert check("stream") == ()
    assert check("") == ()


def test_one_rule_set_serves_many_requests() -> None:
    rules = RuleSet(
        model('any(body.messages, .role == "user" and .content contains "a")', "client.ip in $home"), LISTS
    )
    assert [target.id for target in rules.choose(facts())] == [1, 2]
    assert [target.id for target in rules.choose(facts(raw_body="{}", client_ip="::1"))] == []
    assert [target.id for target in rules.choose(facts())] == [1, 2]


def test_what_several_rules_read_is_right_inside_their_quantifiers_too() -> None:
    rule = (
        'headers.x-priority == "high" and body.user != model and any(body.messages, .role == "user" and {})'
    )
    inner = [
        'headers.x-priority == "high"',
        ".content != body.user",
        "lower(headers.x-priority) == .role",
        "true",
    ]
    rules = RuleSet(model(*[rule.format(text) for text in inner]))
    assert [target.id for target in rules.choose(facts())] == [1, 2, 4]


def test_a_rule_alone_is_a_function() -> None:
    assert predicate("")(facts()) is True
    assert predicate("stream and not has_images")(facts()) is True
