"""Rules of Bifrost and Portkey: what comes out passes the checker, what does not is reported."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.engine import check
from app.rules.importers import bifrost, litellm, portkey
from app.rules.importers.cel import CelError, read_cel
from app.rules.importers.converted import Converted


def texts(found: Converted) -> list[str]:
    for rule in found.rules:
        assert not [item for item in check(rule.text) if item.severity == "error"]
    return [" ".join(rule.text.split()) for rule in found.rules]


def noted(found: Converted) -> list[str]:
    return [f"{note.pointer}|{note.what}" for note in found.notes]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("", ""),
        ("true", "true"),
        ('headers["X-Tier"] == "premium"', 'headers.x-tier == "premium"'),
        ('headers["2fa"] == "y"', 'headers["2fa"] == "y"'),
        ("headers.tier == 'a'", 'headers.tier == "a"'),
        ('headers["x"].contains("mobile")', 'headers.x contains "mobile"'),
        ('"x-a" in headers', "exists(headers.x-a)"),
        ('has(headers.x) || !has(headers["y"])', "exists(headers.x) or not exists(headers.y)"),
        (
            'model.startsWith("gpt-4") && virtual_key_name.endsWith("-prod")',
            'model starts_with "gpt-4" and api_key.name ends_with "-prod"',
        ),
        (r'headers["v"].matches("[0-9]+\\.[0-9]+")', r'headers.v matches r"[0-9]+\.[0-9]+"'),
        (r'model.matches(r"^gpt-4\.")', r'model matches r"^gpt-4\."'),
        ('request_type == "embedding"', 'endpoint == "embeddings"'),
        ('request_type != "chat_completion"', 'endpoint not in ["chat/completions", "messages"]'),
        ('request_type in ["embedding", "responses"]', 'endpoint in ["embeddings", "responses"]'),
        ('model in ["a", "b",]', 'model in ["a", "b"]'),
        ('int(headers["x-n"]) >= 3', "number(headers.x-n) >= 3"),
        ("size(model) > 3 // long", "len(model) > 3"),
        (
            'model == "a" || model == "b" && !(model == "c")',
            'model == "a" or (model == "b" and model != "c")',
        ),
        (r'model == "\x41\u00e9\101\n"', r'model == "AéA\n"'),
        # A missing header fails the whole rule there, so the guard.
        ('headers["x"] != "a"', 'exists(headers.x) and headers.x != "a"'),
        ('!(headers["x"] in ["a", "b"])', 'exists(headers.x) and headers.x not in ["a", "b"]'),
    ],
)
def test_bifrost_expressions(expression: str, text: str) -> None:
    found = bifrost.convert(expression)

    assert texts(found) == [text]
    assert not found.notes


@pytest.mark.parametrize(
    ("expression", "what", "why"),
    [
        ("budget_used > 80", "budget_used", "budget"),
        ('model == "a" && complexity_tier == "SIMPLE"', "complexity_tier", "classifier"),
        ('params["x"] == "1"', "params", "query"),
        ('virtual_key_id == "x"', "virtual_key_id", "ids differ"),
        ('request_type == "transcription"', '"transcription"', "no endpoint"),
        ("nonsense == 1", "nonsense", "no such variable"),
        ('model.lines() == "x"', "model.lines()", "no counterpart"),
        ('model == "a" ? true : false', "model", "conditional operator"),
        ("size(model) + 1 > 2", "size(model)", "calculate"),
        ("model ==", "model ==", "the end was not expected"),
        ("model == 'a", "model == 'a", "a text without end"),
        ('model == "\\q"', "model", "no escape"),
        ("1 < size(model) < 3", "1 <", "comparison of a comparison"),
        ('headers["authorization"] == "x"', "headers.authorization", "credentials"),
        ('model.matches("(?=x)")', "model matches", "look"),
        ("model == 1", "model == 1", "compared with"),
        ("model", "model", "no condition"),
        ("model in team_name", "team_name", "takes a list"),
    ],
)
def test_bifrost_parts_without_counterpart(expression: str, what: str, why: str) -> None:
    found = bifrost.convert(expression)

    assert not found.rules
    assert found.notes[-1].what.startswith(what)
    assert why in found.notes[-1].why


def test_bifrost_configuration() -> None:
    rules = [
        {"name": "late", "cel_expression": 'team_name == "ml"', "priority": 10},
        {
            "name": "first",
            "cel_expression": 'model == "a"',
            "priority": 1,
            "targets": [
                {"provider": "openai", "model": "gpt-4o", "weight": 0.7},
                {"provider": "azure", "weight": 0.3},
            ],
            "fallbacks": ["groq/x"],
        },
        {"name": "off", "enabled": False, "cel_expression": "true"},
        {"name": "scoped", "scope": "team", "cel_expression": "true"},
        {"name": "chained", "chain_rule": True, "cel_expression": "true"},
        {"name": "wrong", "cel_expression": "budget_used > 1"},
        7,
    ]
    found = bifrost.convert(json.dumps({"governance": {"routing_rules": rules}}))

    assert texts(found) == ['model == "a"', 'api_key.metadata.team_name == "ml"']
    assert [(rule.name, rule.target, rule.priority) for rule in found.rules] == [
        ("first", "openai/gpt-4o 0.7, azure 0.3", 0),
        ("late", "", 1),
    ]
    base = "/governance/routing_rules"
    assert set(noted(found)) == {
        f"{base}/3/scope|scoped",
        f"{base}/1/fallbacks|first",
        f"{base}/0|team_name",
        f"{base}/2|off",
        f"{base}/4/chain_rule|chained",
        f"{base}/5/cel_expression|budget_used",
        f"{base}/6|a rule",
        f"{base}|the order of the rules",
    }


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 16_000,
        "[" * 16_000,
        "!" * 16_000 + "true",
        "model" + ".size()" * 2_000,
        "model" + "[0]" * 5_000,
        "size(" * 3_000,
        '"' * 16_001,
        "-" * 16_000,
        "1" * 16_000,
        "true && " * 2_000 + "true",
        "x" * 1_000_000,
        " " * 16_000 + "\\",
        "//" * 8_000,
        "model" + ".a.b.c.d.e.f.g.h" + ")" * 50,
        "".join(["(" for _ in range(20)]) + "model" + ".size().size().size())" * 20,
    ],
)
def test_hostile_expressions_get_an_answer_at_once(expression: str) -> None:
    start = time.perf_counter()
    found = bifrost.convert(expression)

    assert found.rules or found.notes
    assert time.perf_counter() - start < 1


_WORDS = [
    "model",
    "headers",
    '"x"',
    "'y'",
    "1",
    "2.5",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "==",
    "!=",
    "<",
    "in",
    "&&",
    "||",
    "!",
    "true",
    "null",
    "size",
    "has",
    "startsWith",
    "request_type",
    "team_name",
    "?",
    "+",
]


@given(st.lists(st.sampled_from(_WORDS), max_size=15).map(" ".join) | st.text(max_size=20))
def test_any_cel_is_read_or_refused(text: str) -> None:
    found = bifrost.convert(text)
    texts(found)
    assert found.rules or found.notes


def test_a_fault_of_cel_has_its_place() -> None:
    with pytest.raises(CelError, match="at character 10") as caught:
        read_cel('model == + "x"')
    assert caught.value.position == 9


def _portkey(*queries: Any, **more: Any) -> Converted:
    conditions = [{"query": query, "then": f"t{number}"} for number, query in enumerate(queries)]
    return portkey.convert({"strategy": {"mode": "conditional", "conditions": conditions, **more}})


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({}, ""),
        ({"params.model": "gpt-4o"}, 'model == "gpt-4o"'),
        ({"params.model": {"$eq": "a"}, "params.stream": True}, 'model == "a" and body.stream == true'),
        (
            {"params.temperature": {"$gt": 0.7, "$lte": "1.5"}},
            "body.temperature > 0.7 and body.temperature <= 1.5",
        ),
        ({"params.my_own": {"$nin": [1, 2]}}, 'body["my_own"] not in [1, 2]'),
        ({"params.user": {"$in": ["a"]}}, 'body.user == "a"'),
        ({"params.user": {"$in": []}}, "false"),
        ({"params.user": {"$ne": None}}, "body.user != null"),
        ({"params.model": {"$regex": r"^gpt-4\."}}, r'model matches r"^gpt-4\."'),
        ({"params.messages": {"$length": {"$gt": 3}}}, "len(body.messages) > 3"),
        ({"params.tools": {"$length": 2}}, "len(body.tools) == 2"),
        ({"url.pathname": "/v1/embeddings"}, 'endpoint == "embeddings"'),
        (
            {"url.pathname": {"$nin": ["/v1/chat/completions", "/v1/messages"]}},
            'endpoint not in ["chat/completions", "messages"]',
        ),
        (
            {"$or": [{"params.n": 1}, {"$and": [{"params.n": 2}, {"params.seed": {"$gte": 3}}]}]},
            "body.n == 1 or (body.n == 2 and body.seed >= 3)",
        ),
    ],
)
def test_portkey_queries(query: Any, text: str) -> None:
    found = _portkey(query)

    assert texts(found) == [text]
    assert not found.notes
    assert found.rules[0].target == "t0"


def test_portkey_metadata_is_that_of_the_body() -> None:
    found = _portkey({"metadata.plan": "paid", "metadata.level": {"$gte": 3}})

    assert texts(found) == ['body.metadata.plan == "paid" and number(body.metadata.level) >= 3']
    assert noted(found) == ["|metadata.plan", "|metadata.level"]


@pytest.mark.parametrize(
    ("query", "pointer", "why"),
    [
        ({"params.n": {"$exists": True}}, "/params.n/$exists", "no such operator"),
        ({"headers.x": "a"}, "/headers.x", "fields are"),
        ({"params.n": {"$gt": "many"}}, "/params.n/$gt", "takes a number"),
        ({"params.n": {"$in": 1}}, "/params.n/$in", "takes a list"),
        ({"params.n": {"$eq": {"a": 1}}}, "/params.n/$eq", "fixed values"),
        ({"params.n": {}}, "/params.n", "no operator"),
        ({"params.model": {"$regex": "(?<=x)"}}, "", ""),
        ({"url.pathname": "/v1/files"}, "/url.pathname", "endpoints here"),
        ({"url.pathname": {"$regex": "x"}}, "/url.pathname/$regex", "whole paths"),
        ({"$or": []}, "/$or", "list of queries"),
        ({"$and": [1]}, "/$and/0", "is an object"),
        ({"params.a/b": {"$x": 1}}, "/params.a~1b/$x", "no such operator"),
    ],
)
def test_portkey_parts_without_counterpart(query: Any, pointer: str, why: str) -> None:
    found = _portkey(query)

    assert not found.rules
    assert found.notes[-1].pointer == f"/strategy/conditions/0/query{pointer}"
    assert why in found.notes[-1].why


def test_portkey_configuration() -> None:
    query = {"$or": [{"params.n": 1}], "params.seed": 2}
    found = _portkey({"params.n": {"$regex": "x", "$ne": "y"}}, query, default="last")

    assert texts(found) == ["body.n == 1 and body.seed == 2", ""]
    assert [(rule.target, rule.priority) for rule in found.rules] == [("t1", 0), ("last", 1)]
    assert "/strategy/conditions/1/query|$or, $and" in noted(found)
    assert "/strategy/conditions|the order of the conditions" in noted(found)
    assert noted(portkey.convert("{")) == ["|the source"]
    assert noted(portkey.convert('{"strategy": {"mode": "fallback"}}')) == ["/strategy|the strategy"]
    assert noted(portkey.convert("[" * 100_000)) == ["|the source"]
    deep: Any = {"params.n": 1}
    for _ in range(200):
        deep = {"$and": [deep]}
    assert not _portkey(deep).rules


def test_a_source_can_have_too_many_rules() -> None:
    rows = [{"model_name": "m", "litellm_params": {"model": "a"}}] * 501
    conditions = {"mode": "conditional", "conditions": [{"query": {}}] * 501}

    assert noted(litellm.convert({"model_list": rows}))[0] == "/model_list|501 rules"
    assert noted(bifrost.convert([{"cel_expression": "true"}] * 501)) == ["|501 rules"]
    assert noted(portkey.convert({"strategy": conditions})) == ["/strategy/conditions|501 rules"]
