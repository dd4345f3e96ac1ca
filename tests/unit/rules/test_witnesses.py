"""Values that tell conditions apart: one of each region, texts a pattern finds, requests made of them, diagrams."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.analysis.diagrams import FALSE, TRUE, Diagrams, Spent
from app.rules.analysis.pattern_samples import samples
from app.rules.analysis.regions import addresses, numbers
from app.rules.analysis.witnesses import product, thinned
from app.rules.networks import Blocks, read_address
from app.rules.patterns import PatternFault, searcher

_bounds = st.one_of(
    st.integers(-5, 5),
    st.integers(),
    st.floats(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**53, 2**53 + 1, 10**400, 0.1, 0.5]),
)


def _place(number: float, cuts: list[float]) -> tuple[bool, ...]:
    return tuple(outcome for cut in cuts for outcome in (number < cut, number == cut))


@given(st.lists(_bounds, max_size=5), st.one_of(_bounds, st.floats(allow_nan=False)))
def test_every_number_has_one_of_its_region(cuts: list[float], number: float) -> None:
    assert _place(number, cuts) in {_place(one, cuts) for one in numbers(cuts)}


@given(st.lists(_bounds, max_size=5), st.integers(0, 30))
def test_every_whole_number_has_one_of_its_region(cuts: list[float], number: int) -> None:
    found = numbers(cuts, whole=True, least=0)

    assert _place(number, cuts) in {_place(one, cuts) for one in found}
    assert all(one == int(one) and one >= 0 for one in found)


_addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
_blocks = st.one_of(
    _addresses,
    st.tuples(st.sampled_from(["10.0.0.0", "10.128.0.0", "203.0.113.8"]), st.integers(0, 32)).map(
        lambda pair: f"{pair[0]}/{pair[1]}"
    ),
    st.tuples(st.sampled_from(["2001:db8::", "::", "::ffff:0:0"]), st.integers(0, 128)).map(
        lambda pair: f"{pair[0]}/{pair[1]}"
    ),
)


@given(st.lists(_blocks, max_size=4), st.one_of(_addresses, st.just("10.0.0.7"), st.just("203.0.113.9")))
def test_every_address_has_one_of_its_region(blocks: list[str], address: str) -> None:
    def place(text: str) -> tuple[bool, ...]:
        return tuple(Blocks([block]).holds(read_address(text)) for block in blocks)

    assert place(address) in {place(one) for one in addresses(blocks)}


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"^gpt-4(o|\.1)(-mini)?$", {"gpt-4o", "gpt-4.1", "gpt-4o-mini"}),
        ("a|b", {"a", "b"}),
        (r"^u-\d{3}$", {"u-000"}),
        ("(?i)HIGH", {"HIGH"}),
        ("[[:alpha:]]+", {"a"}),
        (r"(?P<name>ab)+?c", {"abc"}),
        ("[^a-z]x", {"^x"}),
        ("", {""}),
        (r"\pL", set()),
        ("x{,3}", {"x{,3}"}),
    ],
)
def test_samples_of_a_pattern(pattern: str, found: set[str]) -> None:
    assert set(samples(pattern)) == found


_pieces = st.sampled_from([*"ab|()[]^$.*+?{}\\-0,", r"\d", r"\b", "[a-c]", "(?:", "{2}", "{1,3}", "(?i)"])


@given(st.lists(_pieces, max_size=8).map("".join))
def test_a_pattern_finds_its_samples(pattern: str) -> None:
    try:
        search = searcher(pattern)
    except PatternFault:
        return
    assert all(search(text) for text in samples(pattern))


@given(st.lists(st.integers(1, 6), max_size=4), st.integers(1, 50))
def test_combinations_are_distinct_and_spread(sizes: list[int], most: int) -> None:
    lists = [range(size) for size in sizes]
    everything = list(itertools.product(*lists))
    found = list(product(lists, most))

    assert len(found) == len(set(found)) == min(len(everything), most)
    assert set(found) <= set(everything)
    if len(everything) <= most:
        assert found == everything
    assert thinned(everything, most) == everything or len(thinned(everything, most)) == most


_SIZES = [2, 3, 4]
_tests = st.tuples(st.integers(0, 2), st.integers(0, 15))
_formulas = st.recursive(
    _tests,
    lambda below: st.one_of(
        st.tuples(st.just("not"), below), st.tuples(st.sampled_from(["and", "or"]), below, below)
    ),
    max_leaves=8,
)


def _built(diagrams: Diagrams, formula: tuple[object, ...]) -> int:
    head, *rest = formula
    if head == "not":
        return diagrams.negate(_built(diagrams, rest[0]))
    if head in ("and", "or"):
        one, other = (_built(diagrams, part) for part in rest)
        if head == "and":
            return diagrams.both(one, other)
        return diagrams.negate(diagrams.both(diagrams.negate(one), diagrams.negate(other)))
    level = int(str(head))
    return diagrams.test(level, int(str(rest[0])) & ((1 << _SIZES[level]) - 1))


def _true(formula: tuple[object, ...], values: tuple[int, ...]) -> bool:
    head, *rest = formula
    if head == "not":
        return not _true(rest[0], values)
    if head in ("and", "or"):
        return (all if head == "and" else any)(_true(part, values) for part in rest)
    return bool(int(str(rest[0])) >> values[int(str(head))] & 1)


@given(st.lists(_formulas, min_size=1, max_size=3))
def test_diagrams_say_what_their_formulas_say(formulas: list[tuple[object, ...]]) -> None:
    diagrams = Diagrams(10_000)
    for size in _SIZES:
        diagrams.variable(size)
    made = [_built(diagrams, formula) for formula in formulas]
    everything = list(itertools.product(*map(range, _SIZES)))

    tables = [tuple(_true(formula, values) for values in everything) for formula in formulas]
    for table, one in zip(tables, made, strict=True):
        assert (one == FALSE, one == TRUE) == (not any(table), all(table))
        for other_table, other in zip(tables, made, strict=True):
            assert (one == other) == (table == other_table)
    solution = diagrams.solve(made)
    together = [values for values in everything if all(_true(formula, values) for formula in formulas)]
    assert (solution is None) == (not together)
    if solution is not None:
        values = tuple(solution.get(level, 0) for level in range(len(_SIZES)))
        assert values in together


def test_a_question_that_takes_too_long_stays_open() -> None:
    diagrams = Diagrams(1)
    one, other, third = (diagrams.test(diagrams.variable(2), 1) for _ in range(3))
    with pytest.raises(Spent):
        diagrams.both(diagrams.both(one, other), third)
    with pytest.raises(Spent):
        diagrams.solve([one, other, third])
