"""What is told to be never or always true is so, for every value a request can have there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rules.diagnostics import Code
from app.rules.engine import check, predicate
from tests.unit.rules.builders import facts

_VALUES = [
    *(
        "a",
        "b",
        "ab",
        "A",
        "",
        0,
        1,
        2,
        3,
        2.5,
        1.0,
        -1,
        True,
        False,
        None,
        [],
        ["a"],
        {},
        {"a": 1},
        10**30,
        "1",
    ),
]
_LITERALS = ['"a"', '"b"', '"ab"', '"A"', '""', "0", "1", "2", "3", "2.5", "-1", "true", "false", "null"]
_NUMBERS = ["0", "1", "2", "3", "2.5", "-1"]
_TEXTS = ['"a"', '"b"', '"ab"', '""', '"A"']
_OPERANDS = ['body["x"]', 'body["x"]', 'body["y"]', 'len(body["x"])', 'lower(body["x"])', 'number(body["x"])']


@st.composite
def _tests(draw: st.DrawFn) -> str:
    operand = draw(st.sampled_from(_OPERANDS))
    text = operand.startswith("lower")
    number = operand.startswith(("len", "number"))
    literal = draw(st.sampled_from(_TEXTS if text else _NUMBERS if number else _LITERALS))
    order = draw(st.sampled_from(["<", "<=", ">", ">="]))
    items = draw(
        st.lists(
            st.sampled_from(_TEXTS if text else _NUMBERS if number else _LITERALS), min_size=1, max_size=3
        )
    )
    low, high = sorted(draw(st.tuples(st.sampled_from([-1, 0, 1, 2]), st.sampled_from([-1, 0, 1, 2, 3]))))
    shapes = [
        f"{operand} == {literal}",
        f"{operand} != {literal}",
        f"{literal} == {operand}",
        f"{operand} {draw(st.sampled_from(['in', 'not in']))} [{', '.join(items)}]",
        f"exists({operand})",
    ]
    if not text:
        shapes += [f"{operand} {order} {draw(st.sampled_from(_NUMBERS))}", f"{operand} in {low}..{high}"]
        shapes += [f"{draw(st.sampled_from(_NUMBERS))} {order} {operand}"]
    if not number:
        operator = draw(st.sampled_from(["contains", "starts_with", "ends_with", "matches"]))
        shapes += [f"{operand} {operator} {draw(st.sampled_from(_TEXTS))}"]
        shapes += [f"{operand} {order} {draw(st.sampled_from(_TEXTS))}"]
    if operand == 'body["x"]':
        shapes.append(operand)
    shape = draw(st.sampled_from(shapes))
    return f"not ({shape})" if draw(st.booleans()) else shape


@settings(deadline=None, max_examples=300)
@given(st.lists(_tests(), min_size=1, max_size=4), st.booleans())
def test_never_and_always_are_never_wrong(tests: list[str], conjunction: bool) -> None:
    text = (" and " if conjunction else " or ").join(tests)
    found = check(text)
    codes = {item.code for item in found if "never met" not in item.message}
    never = Code.NEVER_TRUE in codes and (conjunction or len(tests) == 1)
    always = Code.ALWAYS_TRUE in codes and (not conjunction or len(tests) == 1)
    if not (never or always) or (len(tests) > 1 and any("this is" in item.message for item in found)):
        return  # nothing is told of the whole
    passes = predicate(text)
    inverted = len(tests) == 1 and tests[0].startswith("not ")  # then the doubt is about what is inside

    for x in [*_VALUES, ...]:
        for y in ["a", 1, ...]:
            body = {name: value for name, value in (("x", x), ("y", y)) if value is not ...}
            assert passes(facts(body=body)) is (always is not inverted), body


@pytest.mark.parametrize(
    "text", ['model == "a" or model == "b"', "body.n > 1 and body.n < 2", "stream and has_tools"]
)
def test_what_can_go_either_way_brings_no_warning(text: str) -> None:
    assert check(text) == ()


def test_leaving_out_what_is_said_twice() -> None:
    text = 'stream and model == "a" and stream'
    (found,) = check(text)
    assert found.code is Code.SAID_TWICE
    assert found.edit is not None
    start, end = found.edit.span
    assert text[:start] + found.edit.text + text[end:] == 'stream and model == "a"'
