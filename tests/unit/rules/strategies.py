"""Generators of rules, token soup and damaged requests."""

from typing import Any

from hypothesis import strategies as st

from app.domain.api_key import ApiKey
from app.rules.context import Facts
from app.rules.members import Members
from tests.unit.rules.builders import SAMPLE

_TEXTS = [
    *("model", "endpoint", "headers.x-priority", "headers.x-missing", 'headers["2fa"]', "headers.x-tag"),
    *(
        "body.user",
        "body.model",
        "body.messages[0].role",
        "body.messages[-1].content",
        "body.stop",
        "body.system",
    ),
    *('body["x"]', 'body["x"].y[0]', "body.tools[0].function.name", "body.metadata.ticket", "api_key.name"),
    *("api_key.metadata.team", "api_key.tags[0]", "client.ip", "last_user_text", "system_text"),
    *(
        "lower(headers.x-team)",
        'upper(body["x"])',
        "text(body.messages[0])",
        "text(body.system)",
        "lower(body.user)",
    ),
]
_NUMBERS = [
    *(
        "body.temperature",
        "body.n",
        "body.seed",
        "body.max_tokens",
        'body["x"]',
        "api_key.id",
        "api_key.metadata.level",
    ),
    *(
        "token_usage.input_tokens",
        "token_usage.max_output_tokens",
        "token_usage.total_tokens",
        "message_count",
    ),
    *(
        "number(headers.x-budget)",
        "number(body.user)",
        "len(body.messages)",
        'len(body["x"])',
        "len(headers.x-tag)",
    ),
    *('bucket(api_key.id, "a")', 'bucket(body.user, "b")', 'hour("UTC")', 'weekday("Asia/Tokyo")'),
    *('count(body.messages, .role == "user")', "count(body.stop, . == body.user)"),
]
_BOOLEANS = [
    *(
        "stream",
        "has_tools",
        "has_images",
        "body.stream",
        'body["x"]',
        "api_key.metadata.trusted",
        "exists(body.seed)",
    ),
    *("exists(headers.x-missing)", 'exists(body["x"])', "exists(number(headers.x-budget))", "body.store"),
]
_LISTS = [
    *("body.messages", "body.tools", "body.stop", "body.stop_sequences", 'body["x"]', "api_key.tags"),
    *("values(headers.x-tag)", "body.system", "body.input"),
]
_ELEMENT_TEXTS = ['.["role"]', ".", '.["content"]', "text(.)", '.["a"].b', "lower(.)", ".[0]"]
_TEXT_VALUES = [
    '"user"',
    '"high"',
    '"a"',
    '""',
    '"gpt-4o-mini"',
    '"é"',
    "'x'",
    r'r"\d"',
    '"203.0.113.9"',
    '"1"',
]
_NUMBER_VALUES = ["0", "1", "-1", "0.4", "2.0", "1e3", "5321", "9007199254740993"]
_PATTERNS = [
    '"^gpt-4"',
    '"o-mini$"',
    '"^user$"',
    '"(?i)HIGH"',
    '"^(user|high)$"',
    '"^(?:u|h)[s-t]?"',
    '"(?i)(us|hi)[a-g]r?h?$"',
    '"a|b"',
    r'r"\d+"',
    '""',
    '"^"',
    '"$"',
    '"."',
    r'r"\."',
]
_WORD_VALUES = ["true", "false", "null"]
_NULLABLE = ['body["x"]', "body.seed"]
_BLOCKS = ['["203.0.113.0/24", "::/0"]', "$home", "$office"]
_ORDER = ["<", "<=", ">", ">="]


class _Writer:
    """Writes one rule, drawing each choice: few of the results fail the checker, and only by their types."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def pick(self, *lists: list[str]) -> str:
        return self._draw(st.sampled_from([item for found in lists for item in found]))

    def several(self, *lists: list[str]) -> str:
        count = self._draw(st.integers(1, 3))
        return ", ".join(self.pick(*lists) for _ in range(count))

    def test(self, texts: list[str], numbers: list[str], booleans: list[str]) -> str:
        """A comparison or membership over the given operands."""
        text, number, equal, order = (
            self.pick(texts),
            self.pick(numbers),
            self.pick(["==", "!="]),
            self.pick(_ORDER),
        )
        within = self.pick(["in", "not in"])
        other = self.pick(_TEXT_VALUES, texts)
        return self.pick(
            [
                self.pick(booleans),
                f"{text} {equal} {other}",
                f"{self.pick(_TEXT_VALUES)} {equal} {text}",
                f"{number} {equal} {self.pick(_NUMBER_VALUES, numbers)}",
                f"{number} {order} {self.pick(_NUMBER_VALUES, numbers)}",
                f"{self.pick(_NUMBER_VALUES)} {order} {number}",
                f"{text} {order} {other}",
                f"{text} {self.pick(['contains', 'starts_with', 'ends_with'])} {other}",
                f"{self.pick(_TEXT_VALUES)} contains {text}",
                f"{text} matches {self.pick(_PATTERNS)}",
                f"{text} {within} [{self.several(_TEXT_VALUES)}]",
                f"{number} {within} [{self.several(_NUMBER_VALUES)}]",
                f'body["x"] {within} [{self.several(_TEXT_VALUES, _NUMBER_VALUES, _WORD_VALUES)}]',
                f"{number} {within} 0..{self.pick(['1', '0.5', '5321'])}",
                f"{self.pick([text, number])} {within} ${self.pick(['teams', 'vip_keys', 'models'])}",
                f"client.ip {within} {self.pick(_BLOCKS)}",
                f"{self.pick(booleans)} {equal} {self.pick(['true', 'false'])}",
                f"{self.pick(_NULLABLE)} {equal} null",
                f"{self.pick(_LISTS)} contains {other}",
                f'body["x"] contains {self.pick(_TEXT_VALUES, _NUMBER_VALUES, _WORD_VALUES)}',
            ]
        )

    def condition(self, place: str, depth: int) -> str:
        """`place` is where it stands: `request`, in the condition of a quantifier (`element`), or in the inner one."""
        shape = self._draw(st.integers(0, 9)) if depth else 9
        if shape < 2:
            parts = [self.condition(place, depth - 1) for _ in range(self._draw(st.integers(2, 4)))]
            return "(" + f" {self.pick(['and', 'or'])} ".join(parts) + ")"
        if shape == 2:
            return f"not ({self.condition(place, depth - 1)})"
        if shape == 3:
            return f"({self.condition(place, depth - 1)}) == ({self.condition(place, depth - 1)})"
        if shape < 7 and place != "inner":
            return self.quantifier(place, depth)
        if place == "request" or shape == 7:
            return self.test(_TEXTS, _NUMBERS, _BOOLEANS)
        if shape == 8:
            return f"{self.pick(_ELEMENT_TEXTS)} == {self.pick(_TEXTS, _NUMBERS)}"
        return self.test(_ELEMENT_TEXTS, ["len(.)", '.["n"]', "."], [".", '.["x"]', 'exists(.["a"])'])

    def quantifier(self, place: str, depth: int) -> str:
        listed = self.pick(_LISTS if place == "request" else [".", '.["content"]', ".[0]"])
        inner = self.condition("element" if place == "request" else "inner", depth - 1)
        if self._draw(st.booleans()):
            return f"count({listed}, {inner}) {self.pick(_ORDER)} {self.pick(['0', '1', '9'])}"
        return f"{self.pick(['any', 'all', 'none'])}({listed}, {inner})"


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Texts that are rules, but for some whose types do not fit."""
    return _Writer(draw).condition("request", draw(st.integers(0, 3)))


_SYMBOLS = '( ) [ ] , . .. $ ! # = == === =~ & && | || + - * / % ? : ; \' \\ " r" \u00a0 “ é \ud800 \x00'
_WORDS = "and or not in any( all( none( count( contains matches true false null let if eq .x [0] [-1] $teams 1.. 1e9"
tokens = st.lists(
    st.sampled_from(
        [
            *(*_TEXTS, *_NUMBERS, *_ELEMENT_TEXTS, *_TEXT_VALUES, *_NUMBER_VALUES),
            *(*_ORDER, *_SYMBOLS.split(" "), *_WORDS.split(" "), "\n", "\t"),
        ]
    ),
    max_size=12,
)
soup = st.one_of(st.text(max_size=60), tokens.map(" ".join), tokens.map("".join))
"""Texts that mostly are no rules."""

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.sampled_from(
        ["user", "high", "a", "", "gpt-4o-mini", "1", "0.4", "é", "\ud800", "\udcff", "1e400", "9" * 5000]
    ),
    st.text(alphabet=st.characters(), max_size=5),
)
_names = st.sampled_from(
    ["role", "content", "text", "type", "a", "b", "n", "x", "y", "output", "function", "name"]
)
values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_names, inner, max_size=4)),
    max_leaves=12,
)
_fields = [
    *(
        "temperature",
        "n",
        "seed",
        "max_tokens",
        "user",
        "model",
        "messages",
        "stop",
        "stop_sequences",
        "system",
        "x",
    ),
    *(
        "tools",
        "metadata",
        "stream",
        "store",
        "input",
        "prompt",
        "instructions",
        "functions",
        "max_completion_tokens",
    ),
]
_bodies = st.dictionaries(st.sampled_from(_fields), values, max_size=6)


def _deep(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value, {"content": value}]
    return value


@st.composite
def requests(draw: st.DrawFn) -> Facts:
    """The sample request with anything wrong with it that a client, or a stored key, can bring about."""
    texts = st.one_of(st.just("gpt-4o-mini"), st.text(max_size=5), st.just("\ud800"))
    names = st.sampled_from([b"x-priority", b"x-tag", b"x-budget", b"x-team", b"2fa"])
    contents = st.one_of(st.sampled_from([b"high", b"7.5", b"a, b", b"Search"]), st.binary(max_size=6))
    key = ApiKey(
        draw(st.integers(0, 10**18)),
        draw(texts),
        tags=tuple(draw(st.lists(texts, max_size=3))),
        metadata=draw(st.dictionaries(st.sampled_from(["team", "level", "trusted"]), _scalars, max_size=3)),
    )
    made = Facts(
        draw(st.one_of(st.binary(max_size=20), st.just(b"[" * 5000), st.just(b'{"n":1}'))),
        draw(st.lists(st.tuples(names, contents), max_size=6)),
        draw(
            st.sampled_from(
                ["chat/completions", "messages", "responses", "completions", "embeddings", "else"]
            )
        ),
        draw(texts),
        draw(st.booleans()),
        draw(st.one_of(st.none(), st.just(key))),
        draw(st.sampled_from([None, "203.0.113.9", "::1", "fe80::1%eth0", "unix", "::ffff:203.0.113.9"])),
        draw(st.one_of(st.floats(), st.floats(0, 2e9))),
    )
    made.input_tokens = draw(st.one_of(st.none(), st.integers(0, 10**9)))
    if draw(st.booleans()):
        sample: dict[str, Any] = SAMPLE["body"]
        made.body = Members(sample | draw(_bodies))
    elif draw(st.booleans()):
        deep = _deep(draw(st.integers(0, 10)))
        made.body = Members({"x": deep, "messages": draw(st.lists(values, max_size=5))})
    return made
