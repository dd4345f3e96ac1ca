"""What the pretend provider says, apart from any dialect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mock.faults import Fault, fault_of
from app.mock.reply import Prompt, Tool, compose, count_tokens, sample

WEATHER = Tool("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}})


def prompt(text: str, **rest: object) -> Prompt:
    return Prompt(**{"model": "m", "texts": (text,), "last": text, **rest})  # type: ignore[arg-type]  # test shorthand


@given(st.text())
def test_echoes_the_last_text_in_pieces(text: str) -> None:
    reply = compose(prompt(text))
    assert reply.text == (f"You said: {text}" if text else "You said nothing.")
    assert not reply.cut
    assert reply == compose(prompt(text))


def test_max_tokens_cuts_the_reply() -> None:
    reply = compose(prompt("one two three", max_tokens=3))
    assert (reply.text, reply.cut, reply.output_tokens) == ("You said: one", True, 3)


def test_calls_a_tool_that_is_named_or_forced() -> None:
    named = compose(prompt("please get_weather", tools=(WEATHER,)))
    forced = compose(prompt("hi", tools=(WEATHER,), forced=""))
    assert named.tool == forced.tool == "get_weather"
    assert named.arguments == {"city": "example"}
    assert named.text == '{"city":"example"}'


@pytest.mark.parametrize(
    "rest",
    [{"tools": (WEATHER,)}, {"tools": (WEATHER,), "forced": "other"}, {"tools": (), "forced": ""}],
)
def test_calls_no_tool_unasked(rest: dict[str, object]) -> None:
    assert compose(prompt("hello", **rest)).tool is None


def test_calls_no_tool_where_none_is_allowed() -> None:
    assert compose(prompt("get_weather", tools=(WEATHER,), tools_allowed=False)).tool is None


def test_sample_fits_its_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "unit": {"enum": ["C", "F"]},
            "days": {"type": "integer"},
            "where": {"type": "array", "items": {"type": ["string", "null"]}},
            "exact": {"type": "boolean"},
            "kind": {"const": "x"},
        },
    }
    assert sample(schema) == {"unit": "C", "days": 1, "where": ["example"], "exact": True, "kind": "x"}


def test_sample_ends_on_deep_schemas() -> None:
    schema: dict[str, object] = {"type": "array"}
    schema["items"] = schema
    assert sample(schema) is not None


def test_token_count_is_stable() -> None:
    assert count_tokens(["abcd", "abcde", ""]) == 4 + 5 + 3


def test_faults_by_model_name() -> None:
    assert fault_of("mock-503") == Fault(status=503)
    assert fault_of("mock-cut") == Fault(cut=True)
    assert fault_of("mock-200") == fault_of("gpt-4o") == Fault()
