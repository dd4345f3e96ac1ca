"""Generators of trees as the parser could have made them, spans aside; and of layouts with comments."""

from hypothesis import strategies as st

from app.rules import ast as tree
from app.rules.ast import Node, Step

NOWHERE = (0, 0)

_NAMES = st.sampled_from(
    ["model", "body", "a", "x_1", "x-y", "order", "inner", "notify", "android", "_", "r", "e5", "any-thing"]
)
_KEYS = _NAMES | st.sampled_from(["in", "or", "and", "not", "true", "matches", "messages"])
_NASTY = st.sampled_from(
    [
        "",
        '"',
        "'",
        "\\",
        "\\\\",
        '\\"',
        "# no comment",
        "\x00",
        "\n",
        "\u2028",
        "\u202e",
        "😀",
        r"\d+",
        "a'b\"c\\",
        "]",
    ]
)
_CHARACTERS = st.characters(codec="utf-8")
texts = _NASTY | st.text(_CHARACTERS, max_size=12)
_INTEGERS = st.integers(-(10**20), 10**20)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def const(value: str | int | float | bool | None) -> tree.Const:
    return tree.Const(value, span=NOWHERE)


literals: st.SearchStrategy[tree.Const] = (texts | _INTEGERS | _FLOATS | st.booleans() | st.none()).map(const)
numbers: st.SearchStrategy[tree.Const] = (_INTEGERS | _FLOATS).map(const)
_STEPS = st.lists(
    _KEYS.map(Step) | st.integers(-9, 99).map(Step) | texts.map(lambda key: Step(key, bracket=True)),
    max_size=3,
).map(tuple)
paths: st.SearchStrategy[Node] = st.builds(tree.Path, root=_NAMES, steps=_STEPS, span=st.just(NOWHERE))
_HEADERS = st.from_regex(r"[a-z][a-z0-9]{0,3}(-[a-z]{1,3})?", fullmatch=True).map(
    lambda name: tree.Path("headers", (Step(name),), span=NOWHERE)
)
_ELEMENTS = st.builds(tree.Elem, steps=_STEPS, span=st.just(NOWHERE))
_SETS = st.one_of(
    st.lists(literals, max_size=4).map(lambda items: tree.ListSet(tuple(items), span=NOWHERE)),
    st.lists(texts.map(const), min_size=20, max_size=40).map(
        lambda items: tree.ListSet(tuple(items), span=NOWHERE)
    ),
    st.builds(tree.RangeSet, low=numbers, high=numbers, span=st.just(NOWHERE)),
    st.builds(tree.NamedSet, name=_NAMES, span=st.just(NOWHERE)),
)
_OPERATORS = st.sampled_from(
    ["==", "!=", "<", "<=", ">", ">=", "contains", "matches", "starts_with", "ends_with"]
)
_QUANTIFIERS = st.sampled_from(["any", "all", "none", "count"])


def _flat(kind: type[tree.And] | type[tree.Or], items: list[Node]) -> Node:
    """And and Or as the parser makes them: none right inside its own kind."""
    flat: list[Node] = []
    for item in items:
        flat += item.items if isinstance(item, kind) else (item,)
    return kind(tuple(flat), span=NOWHERE)


def _above(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    here = st.just(NOWHERE)
    return st.one_of(
        st.builds(tree.Compare, op=_OPERATORS, left=nodes, right=nodes, span=here),
        st.builds(tree.Member, value=nodes, set=_SETS, span=here),
        st.builds(tree.Not, operand=nodes, span=here),
        st.builds(tree.Call, function=_NAMES, args=st.lists(nodes, max_size=3).map(tuple), span=here),
        st.builds(tree.Quant, kind=_QUANTIFIERS, list=nodes, condition=nodes, span=here),
        st.lists(nodes, min_size=2, max_size=4).map(lambda items: _flat(tree.And, items)),
        st.lists(nodes, min_size=2, max_size=4).map(lambda items: _flat(tree.Or, items)),
    )


trees: st.SearchStrategy[Node] = st.recursive(literals | paths | _HEADERS | _ELEMENTS, _above, max_leaves=12)
"""Every kind of node in every place that the grammar allows; most do not pass the checker."""
