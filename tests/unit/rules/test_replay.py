"""Replay: what the draft of a rule changes, and that nothing is claimed that the whole request contradicts."""

import json
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.domain.api_key import ApiKey
from app.rules.context import Facts
from app.rules.diagnostics import RuleError
from app.rules.engine import predicate
from app.rules.recorded import record
from app.rules.replay import SAMPLES, LoggedRequest, Refusal, Replay, ReplayTarget, RuleSide
from tests.unit.rules import strategies
from tests.unit.rules.builders import LISTS, SAMPLE, facts


def side(*rules: str, own: str = "", protocols: tuple[str, ...] = ()) -> RuleSide:
    protocols = protocols or ("openai",) * len(rules)
    targets = [
        ReplayTarget(number, f"provider-{number}", protocol, rule)
        for number, (rule, protocol) in enumerate(zip(rules, protocols, strict=True), 1)
    ]
    return RuleSide(own, targets, LISTS)


def logged(made: Facts, number: int = 0, **changes: Any) -> LoggedRequest:
    values: dict[str, Any] = {
        "request_id": f"request-{number}",
        "endpoint": made.endpoint,
        "protocol": "openai",
        "model": made.model,
        "is_stream": made.stream,
        "api_key": made.api_key,
        "key_is_gone": False,
        "client_ip": made.client_ip,
        "time": made.now,
        "input_tokens": None,
        "facts": record(made).decode(),
    }
    return LoggedRequest(**(values | changes))


def replayed(live: RuleSide, draft: RuleSide, *requests: LoggedRequest) -> Replay:
    replay = Replay(live, draft)
    for request in requests:
        replay.add(request)
    return replay


def test_changes_are_grouped_by_where_requests_went_and_would_go() -> None:
    live = side('headers.x-priority == "high"', "")
    draft = side("body.temperature > 1", "")
    fast = [logged(facts(), number) for number in range(7)]
    slow = [logged(facts(headers=[["x-priority", "no"]]), number) for number in range(3)]
    hot = [logged(facts(body={"temperature": 1.5}), 99)]
    replay = replayed(live, draft, *fast, *slow, *hot)
    assert (replay.evaluated, replay.unchanged) == (11, 4)
    assert {place: change.count for place, change in replay.changes.items()} == {(1, 2): 7}
    assert replay.changes[1, 2].samples == [f"request-{number}" for number in range(SAMPLES)]
    assert replay.outcomes == {((1, 2), (2,)): 7, ((2,), (2,)): 3, ((1, 2), (1, 2)): 1}


def test_what_refuses_requests_that_lose_all_candidates() -> None:
    draft = side(
        'stream and model == "other" and has_images',
        "body.seed == 1",
        "",
        protocols=("openai", "openai", "anthropic"),
    )
    replay = replayed(side("", "", ""), draft, logged(facts()))
    assert replay.changes[1, None].refusals == {
        Refusal(1, 'model == "other"', (11, 27)): 1,
        Refusal(2, "body.seed == 1", (0, 14)): 1,
        Refusal(3, "protocol", None): 1,
    }
    closed = replayed(side(""), side("", own="not stream"), logged(facts()))
    assert closed.changes[1, None].refusals == {Refusal(None, "not stream", (0, 10)): 1}


def test_unknown_values_count_only_where_they_decide() -> None:
    wanted = 'last_user_text contains "sql"'
    made = logged(facts())
    replay = replayed(side(""), side(f"stream and {wanted}"), made)
    assert (replay.evaluated, replay.gaps) == (0, {"last_user_text": 1})
    for rule, passes in ((f"not stream and {wanted}", 0), (f"stream or {wanted}", 1)):
        certain = replayed(side(""), side(rule), made)
        assert (certain.evaluated, certain.unchanged, dict(certain.gaps)) == (1, passes, {})
    inside = side('any(body.messages, .role == "tool" or text(.) contains "x")')
    assert replayed(side(""), inside, made).gaps == {"body.messages[]": 1}
    assert (
        replayed(
            side(""), side('any(body.messages, .role == "user" or text(.) contains "x")'), made
        ).unchanged
        == 1
    )


def test_outlines_answer_what_they_can() -> None:
    rule = (
        'body.messages[0].role == "system" and count(body.messages, .role == "user") >= 5 and len(body.tools) > 2'
        ' and none(body.messages, .role == "tool" and text(.) contains "x") and exists(body.messages[-1].content)'
    )
    replay = replayed(side(""), side(rule), logged(facts()))
    assert (replay.evaluated, replay.unchanged) == (1, 1)


def test_tokens_are_counted_reported_or_unknown() -> None:
    draft = side("token_usage.total_tokens > 1000")
    uncounted = facts(input_tokens=None)
    assert replayed(side(""), draft, logged(facts())).approximate == 0
    reported = replayed(side(""), draft, logged(uncounted, input_tokens=5000))
    assert (reported.evaluated, reported.approximate) == (1, 1)
    unknown = replayed(side(""), draft, logged(uncounted))
    assert "token_usage.input_tokens" in unknown.gaps


def test_keys_that_are_gone_have_unknown_tags() -> None:
    gone = logged(facts(), api_key=ApiKey(7, "search"), key_is_gone=True)
    replay = replayed(side(""), side('api_key.tags contains "beta"'), gone)
    assert (replay.gone_keys, replay.gaps) == (1, {"api_key.tags": 1})
    by_id = replayed(side(""), side("api_key.id == 7"), gone)
    assert (by_id.evaluated, by_id.unchanged) == (1, 1)


def test_of_what_was_cut_headers_are_known_to_exist() -> None:
    made = logged(facts(headers=[["x-long", "l" * 200]], body={"prompt": "p"}))
    assert replayed(side(""), side("exists(headers.x-long)"), made).unchanged == 1
    assert replayed(side(""), side("exists(body.prompt)"), made).gaps == {"body.prompt": 1}


def test_headers_that_are_never_kept_are_unknown() -> None:
    for name in ("host", "x-stainless-os", "x_auth_token"):
        replay = replayed(side(""), side(f'headers["{name}"] == "x"'), logged(facts()))
        assert replay.gaps == {f"headers.{name}": 1}


def test_rows_without_facts_are_evaluated_by_their_columns() -> None:
    draft = side("stream", 'headers.x-priority == "high"')
    replay = replayed(side("stream", "not stream"), draft, logged(facts(), facts=None))
    assert replay.gaps == {"headers.x-priority": 1}
    assert replayed(side(""), side("stream"), logged(facts(), facts=None)).evaluated == 1


_extra = st.dictionaries(
    st.sampled_from(
        ["temperature", "n", "seed", "user", "stop", "x", "metadata", "tools", "messages", "system", "input"]
    ),
    st.one_of(strategies.values, st.just("long " * 60), st.just([{"role": "user", "content": "w " * 5000}])),
    max_size=4,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(strategies.rules(), strategies.rules(), strategies.requests(), _extra, st.booleans())
def test_nothing_is_claimed_that_the_whole_request_contradicts(
    one: str, two: str, drawn: Facts, extra: dict[str, Any], long_header: bool
) -> None:
    try:
        truths = [predicate(rule, LISTS) for rule in (one, two)]
    except RuleError:
        assume(False)
    model = drawn.model if drawn.model.isprintable() else "gpt-4o-mini"
    body = json.dumps(SAMPLE["body"] | extra | {"model": model}).encode()
    lines = [*drawn.header_lines, *([(b"x-team", b"l" * 200)] if long_header else [])]
    made = Facts(body, lines, drawn.endpoint, model, drawn.stream, drawn.api_key, drawn.client_ip, drawn.now)
    made.input_tokens = drawn.input_tokens
    request = logged(made)
    replay = replayed(side("", ""), side(one, two), request)
    if made.input_tokens is None and replay.approximate:
        return
    expected = tuple(number for number, truth in enumerate(truths, 1) if truth(made))
    assert set(replay.outcomes) <= {((1, 2), expected)}
    assert replay.evaluated + bool(replay.gaps) == 1
