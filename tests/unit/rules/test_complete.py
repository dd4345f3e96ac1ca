"""What is offered where, and that no offer leads astray."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.complete import MAX_OFFERS, Completions, complete
from app.rules.engine import check
from app.rules.fields import LOGS, RULES, Vocabulary
from app.rules.hover import hover
from app.rules.offers import Completion, Seen, paths
from app.rules.parser import read_prefix
from app.rules.tokens import tokens
from rules_grammar import FIELDS
from tests.unit.rules.builders import LISTS
from tests.unit.rules.strategies import rules, soup

SEEN = Seen(
    names={
        "headers": ("x-priority", "authorization", "2fa", "X-Api-Key"),
        "api_key.metadata": ("team", "cost center"),
    },
    values={
        "model": ("gpt-4o", 'a "quoted" one'),
        "api_key.tags[]": ("beta", "prod"),
        "headers.x-priority": ("high",),
        "provider": ("openai",),
    },
)


def at(marked: str, **changes: object) -> Completions:
    """Offers at the `|` of a text."""
    cursor = marked.index("|")
    text = marked[:cursor] + marked[cursor + 1 :]
    vocabulary = LOGS if changes.get("logs") else RULES
    return complete(text, cursor, LISTS, SEEN, vocabulary)


def inserts(marked: str, **changes: object) -> list[str]:
    return [item.insert for item in at(marked, **changes).items]


def accepted(marked: str, number: int = 0) -> str:
    """The text after an offer was taken, with `|` where the cursor is."""
    found = at(marked)
    text = marked.replace("|", "", 1)
    item = found.items[number]
    cursor = len(item.insert) if item.cursor is None else item.cursor
    start, end = found.span
    return f"{text[:start]}{item.insert[:cursor]}|{item.insert[cursor:]}{text[end:]}"


@pytest.mark.parametrize(
    ("marked", "first"),
    [
        ("|", ["model", "endpoint", "stream"]),
        ("head|", ["headers"]),
        ("temp|", ["body.temperature"]),
        ("body.me|", [".messages", ".metadata"]),
        ("any(body.me|", [".messages"]),
        ("model == body.us|", [".user"]),
        ("body.messages[0].ro|", [".role"]),
        ("body.messages.|", ["[0]", "[-1]"]),
        ("body.messages[|", ["0]", "-1]"]),
        ("headers.x-p|", [".x-priority"]),
        ("headers.2|", []),
        ('headers["2|', ['"2fa"']),
        ("headers[|", ['"x-priority"]', '"2fa"]']),
        ("api_key.metadata.|", [".team", '["cost center"]']),
        ("model |", ["==", "!="]),
        ("model con|", ["contains"]),
        ("stream |", ["and", "or", "=="]),
        ("stream an|", ["and"]),
        ("model = |", ['"gpt-4o"']),
        ("model =|", ["=="]),
        ("model startsW|", ["starts_with"]),
        ("model equals|", ["=="]),
        ("model not |", ["in"]),
        ('model == "gp|', ['"gpt-4o"']),
        ('model == "gp| and stream', ['"gpt-4o"']),
        ("model == 'gp|'", ['"gpt-4o"']),
        ("endpoint == |", ['"chat/completions"', '"completions"', '"embeddings"', '"messages"']),
        ("endpoint ==|", [' "chat/completions"']),
        ('endpoint in ["messages", |', ['"chat/completions"', '"completions"', '"embeddings"']),
        ("endpoint not in [comp|", ['"completions"', '"chat/completions"']),
        ("any(body.messages, .role == |", ['"system"', '"developer"', '"user"']),
        ("any(body.messages, .ro|", [".role"]),
        ("any(body.messages, any(.content, .|", [".type", ".text"]),
        ("any(api_key.tags, . == |", ['"beta"', '"prod"']),
        ("api_key.tags contains |", ['"beta"', '"prod"']),
        ("headers.X-Priority == |", ['"high"']),
        ("body.stream == |", ["true", "false", "null"]),
        ("client.ip in |", ["$home", "$models", "$office"]),
        ("api_key.id in $v|", ["$vip_keys"]),
        ('hour("berl|', ['"Europe/Berlin"']),
        ("hour(|", ['"UTC"']),
        ("bucket(api_key.id, |", ['"salt"']),
        ("model matches |", ['r""']),
        ("values(|", ["headers"]),
        ("x = 3 and endpoint == me|", ['"messages"', '"messages/count_tokens"']),
        ("model model and strea|", ["stream"]),
        ('(model == "a"|', [" and", " or"]),
        ("stream # mod|", []),
        ("5|", []),
        ("model == == == |", []),
    ],
)
def test_the_likeliest_comes_first(marked: str, first: list[str]) -> None:
    assert inserts(marked)[: len(first) or None] == first


def test_only_operators_that_fit_the_left_side() -> None:
    assert {"contains", "matches", "starts_with"}.isdisjoint(inserts("body.temperature |"))
    assert {"<", ">"}.isdisjoint(inserts("stream |"))
    assert {"<", ">", "matches"}.isdisjoint(inserts("client.ip |"))
    assert inserts("api_key.tags |") == ["contains"]


def test_only_arguments_that_fit() -> None:
    assert "body.messages" in inserts("any(|")
    assert "stream" not in inserts("any(|")
    assert inserts("values(|") == ["headers", ")"]
    assert "api_key" not in inserts("stream == body.x or values(|")


def test_headers_with_credentials_are_never_offered() -> None:
    unreadable = set(FIELDS["unreadable_headers"])
    for marked in ("headers.|", "headers[|", 'headers["|', "headers.x-api|"):
        labels = {item.label.strip('"].').lower() for item in at(marked).items}
        assert not labels & unreadable, marked


def test_a_snippet_puts_the_cursor_where_the_condition_goes_on() -> None:
    labels = [item.label for item in at("any|").items]
    assert accepted("any|", labels.index("any(body.messages, .role == )")) == "any(body.messages, .role == |)"
    assert accepted("le|") == "len(|)"
    assert accepted("weekd|") == 'weekday("|")'


def test_filters_of_the_log_have_a_vocabulary_of_their_own() -> None:
    assert inserts("stat|", logs=True) == ["status"]
    assert inserts("provider == |", logs=True)[0] == '"openai"'
    assert inserts("end_reason == tr|", logs=True)[0] == '"truncated"'
    assert not {"body", "headers", "any", "hour"} & set(inserts("|", logs=True))


def test_a_rule_takes_few_keys() -> None:
    """One key to take an offer that stands first, or one for each character."""
    wanted = 'headers.x-priority == "high" and body.temperature <= 0.5'
    text, keys = "", 0
    while text != wanted:
        found = complete(text, len(text), LISTS, SEEN)
        start = found.span[0]
        taken = text[:start] + found.items[0].insert if found.items else ""
        fits = len(taken) > len(text) and wanted.startswith(taken)
        text = taken if fits else wanted[: len(text) + 1]
        keys += 1
    assert keys <= 25


def _leads_on(text: str, found: Completions, item: Completion) -> bool:
    """The parser takes the text with the offer, whole or up to the cursor, as the beginning of a rule."""
    head = text[: found.span[0]]
    texts = [head + item.insert, head + item.insert[: item.cursor]]
    rows = [[word for word in tokens(text) if word.kind != "COMMENT"] for text in texts]
    return any(read_prefix(row).read == len(row) for row in rows)


@st.composite
def _places(draw: st.DrawFn) -> tuple[str, int]:
    text = draw(rules())
    return text, draw(st.integers(0, len(text)))


@given(_places(), st.booleans(), st.sampled_from([RULES, LOGS]))
def test_every_offer_begins_a_rule(place: tuple[str, int], whole: bool, vocabulary: Vocabulary) -> None:
    text, cursor = place
    if not whole:
        text = text[:cursor]
    found = complete(text, cursor, LISTS, SEEN, vocabulary)
    assert found.span[0] <= cursor <= found.span[1]
    for item in found.items:
        assert _leads_on(text, found, item), (text, cursor, item)


_FIELDS = [
    (name, vocabulary)
    for vocabulary in (RULES, LOGS)
    for name, field in paths(vocabulary)
    if field.kinds != {"map"}
]
_TEMPLATES = ('""', '[""]', 'r""')


@given(st.sampled_from(_FIELDS), st.data())
def test_operators_and_values_that_are_offered_pass_the_check(
    field: tuple[str, Vocabulary], data: st.DataObject
) -> None:
    name, vocabulary = field
    text = f"{name} "
    operators = [item.insert for item in complete(text, len(text), LISTS, SEEN, vocabulary).items]
    operators = [operator for operator in operators if operator not in ("and", "or")]
    if not operators:
        return
    text = f"{text}{data.draw(st.sampled_from(operators))} "
    lists = LISTS if vocabulary is RULES else ()
    for item in complete(text, len(text), lists, SEEN, vocabulary).items:
        group = item.kind == "field" and vocabulary.root.children[item.label].kinds == {"map"}
        if item.kind in ("field", "value", "list", "snippet") and not group and item.insert not in _TEMPLATES:
            found = check(text + item.insert, LISTS, vocabulary)
            assert [fault for fault in found if fault.severity == "error"] == [], text + item.insert


@pytest.mark.parametrize("typed", ["", "b", "t", "a"])
@pytest.mark.parametrize(
    "rule",
    [
        "len({}) > 1",
        'lower({}) == "a"',
        "number({}) > 1",
        'text({}) == "a"',
        'any(values({}), . == "a")',
        'bucket({}, "s") < 3',
        "hour({}) > 1",
        "any({}, exists(.))",
        "count({}, exists(.)) > 1",
    ],
)
def test_arguments_that_are_offered_pass_the_check(rule: str, typed: str) -> None:
    head, _, tail = rule.partition("{}")
    text = head + typed
    offered = [
        item for item in complete(text, len(text), LISTS, SEEN).items if item.kind in ("field", "value")
    ]
    groups = {name for name, field in paths(RULES) if field.kinds == {"map"} and not name.startswith("body.")}
    for item in offered:
        if item.label not in groups:
            found = check(head + item.insert + tail, LISTS)
            assert [fault for fault in found if fault.severity == "error"] == [], item.insert
    assert offered or typed


@given(st.one_of(soup, st.text(), rules()), st.integers(-5, 200), st.booleans())
def test_any_text_and_cursor(text: str, cursor: int, logs: bool) -> None:
    found = complete(text, cursor, LISTS, SEEN, LOGS if logs else RULES)
    start, end = found.span
    assert 0 <= start <= end <= len(text)
    assert len(found.items) <= MAX_OFFERS
    msgspec.json.encode(found)
    for item in found.items:
        assert item.insert
        assert item.cursor is None or 0 <= item.cursor <= len(item.insert)
    meant = hover(text, cursor, LOGS if logs else RULES)
    if meant is not None:
        assert 0 <= meant.span[0] <= cursor < meant.span[1] <= len(text)


def test_a_text_that_is_no_rule_gets_nothing() -> None:
    for text in ("(" * 5_000, "(" * 4_000, "not " * 1_000, "a." * 2_000, '"' * 4_000, "and " * 1_000):
        assert complete(text, len(text), LISTS).items == () or len(text) <= 4_096


@pytest.mark.parametrize(
    ("text", "word", "type_", "doc"),
    [
        ("model == body.user", "body.user", "text, or missing", "user"),
        ("any(body.messages, .role == 1)", ".role", "text", "speaks"),
        ("any(body.messages, .role == 1)", "body.messages", "a list", "conversation"),
        ("len(body.tools) > 1", "len", "(value) → a number", "Characters"),
        ("model contains 'x'", "contains", "operator", "text"),
        ("any(body.messages, true)", "any", "(list, condition) → true or false", "element"),
        ("client.ip in $office", "$office", "a named list", "entries"),
        ("headers.x-a == 'b' AND stream", "AND", "operator", "both"),
    ],
)
def test_the_pointer_on_a_word(text: str, word: str, type_: str, doc: str) -> None:
    start = text.index(word)
    found = hover(text, start + len(word) - 1)
    assert found is not None
    assert (found.span, found.type) == ((start, start + len(word)), type_)
    assert doc in found.doc


@pytest.mark.parametrize("text", ['"model"', "5", "(", "# model", "bdy.x", "nothing(1)", " "])
def test_the_pointer_on_what_has_no_meaning(text: str) -> None:
    assert hover(text, 0) is None
    assert hover(text, len(text)) is None


def test_the_offers_of_an_example_make_a_rule_without_faults() -> None:
    assert check(accepted("any(body.messages, .role == us|)").replace("|", ""), LISTS) == ()
