"""Several faults in one pass: each is told once, and none brings others that are not there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rules.diagnostics import Code, Diagnostic, Severity
from app.rules.engine import check
from app.rules.fields import LOGS
from app.rules.limits import MAX_FAULTS
from tests.unit.rules.builders import LISTS

_FAULTS = [
    # characters and literals
    *(
        "model == “gpt",
        "model == ;",
        "model ; stream",
        "body.n == .5",
        "body.n == 1_000",
        "headers.2fa == 'on'",
    ),
    *(r'model == "\q"', "body.n == 1e999", "model == @", "stream ? has_tools : has_images", "{ stream }"),
    # operators of other languages
    *(
        'headers.x = "a"',
        'model =~ "a"',
        'model === "a"',
        "body.n % 2 == 0",
        "body.n + 1 > 2",
        "1 < body.n < 5",
    ),
    *('model contians "a"', "model not contains 'a'", "stream not has_tools", "body.n BETWEEN 1 AND 5"),
    *(
        "model LIKE 'a%'",
        "body.stop IS NULL",
        "body.stop is not None",
        '"a" in api_key.tags',
        'model in ("a", "b")',
    ),
    *(
        'model.startsWith("a")',
        'model.lower() == "a"',
        'body.messages.exists(m, m.role == "a")',
        "model !~ 'a'",
    ),
    *(
        'contains(model, "a")',
        'startsWith(model, "a")',
        "size(body.messages) > 3",
        "stream == True",
        "has(body.n)",
    ),
    # what is too much or too little
    *(
        "model ==",
        "model in",
        "not",
        "()",
        "(model ==)",
        "any(body.messages)",
        "model in [a]",
        'model in ["a" "b"]',
    ),
    *(
        "model in [1, 2",
        "body. == 1",
        "body.messages[x].role == 'a'",
        "lower(model, )",
        "model == 'a' 'b'",
        "stream)",
    ),
    *(
        "stream model == 'a'",
        "any(body.messages ; .role == 'a')",
        "any(, .role == 'a')",
        "== 'a'",
        "count() > 1",
    ),
    # meaning
    *(
        "modle == 'a'",
        "body.temprature != 5",
        "body.messages.role == 'a'",
        "stream == 1",
        'body.n == "1"',
        "model",
    ),
    *(
        "headers.x > 5",
        ".role == 'a'",
        "any(model, . == 'a')",
        "any(modle, .x != 'a')",
        "1 == 1",
        "body.n in 5..1",
    ),
    *(
        "body.n in []",
        "model in $vipkeys",
        'client.ip in ["10.0.0.0/40"]',
        'model matches "("',
        "lower(modle) == 'a'",
    ),
    *(
        "model matches headers.x",
        "hour('Berlin') > 9",
        "headers.authorization == 'a'",
        "token_usage.output_tokens > 1",
    ),
    *("lower() == 'a'", "foo(model) != 'a'", "any(body.messages, any(body.messages, .role == 'a'))"),
]
_FINE = [
    *(
        "stream",
        'model == "a"',
        'any(body.messages, .role == "user")',
        "(has_tools or has_images)",
        "body.n in 1..5",
    ),
    *(
        'headers.x-team in ["a", "b"]',
        "not has_tools",
        'lower(headers.x) == "a"',
        "api_key.id not in $vip_keys",
    ),
]


def _errors(text: str) -> list[Diagnostic]:
    return [item for item in check(text, LISTS) if item.severity is Severity.ERROR]


@pytest.mark.parametrize("fault", _FAULTS)
def test_one_fault_gives_one_message(fault: str) -> None:
    texts = [
        (fault, 1),
        (f"stream and {fault} and has_tools", 1),
        (f"({fault}) or (stream and not ({fault}))", 2),
    ]
    if "any(" not in fault and not fault.startswith("."):
        texts.append((f"any(body.messages, .role == 'a' and {fault}) or {fault}", 2))
    for text, expected in texts:
        assert len(_errors(text)) == expected, [item.message for item in _errors(text)]


@settings(deadline=None)
@given(st.data())
def test_independent_faults_give_as_many_messages(data: st.DataObject) -> None:
    """Faults at random places of a chain of conditions, some of them in parentheses."""
    parts: list[str] = []
    faults = 0
    for _ in range(data.draw(st.integers(1, 6))):
        faulty = data.draw(st.booleans())
        part = data.draw(st.sampled_from(_FAULTS if faulty else _FINE))
        faults += faulty
        parts.append(f"({part})" if data.draw(st.booleans()) else part)
    text = data.draw(st.sampled_from([" and ", " or ", "\n  and ", " && "])).join(parts)

    found = _errors(text)

    assert len(found) == faults, text
    assert [item.span for item in found] == sorted(item.span for item in found)


def test_there_is_an_end_to_what_is_told() -> None:
    assert len(check(" and ".join(["modle == ;"] * 100), LISTS)) == MAX_FAULTS


def test_what_an_open_text_takes_in_is_not_told() -> None:
    text = '(model == "gpt) and modle == 1\nor straem'

    assert [item.code for item in check(text, LISTS)] == [Code.UNCLOSED_STRING, Code.UNKNOWN_FIELD]


def test_log_filters_have_their_own_words() -> None:
    def told(text: str) -> str:
        return " ".join(f"{item.message} {item.suggestion}" for item in check(text, {}, LOGS))

    assert check('status >= 500 and provider == "openai" and total_time_ms > 2000', {}, LOGS) == ()
    assert "did you mean `status`" in told("stauts > 1")
    assert "filter cannot use `bucket`" in told('bucket(status, "a") < 1')
    assert "filter cannot use `any`" in told("any(status, . == 1)")
    assert "filter cannot calculate" in told("status % 2")
    assert "bucket" not in told("status % 100 < 5")
    assert "filter has at most" in told("status == 1 and " * 1000)
    assert "rule" not in told("status == ") + told("headers.authorization == 'a'") + told("body.x == 1")
    assert "brackets" not in told("api_key.x == 1")
