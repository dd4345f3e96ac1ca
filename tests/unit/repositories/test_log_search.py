"""A filter means the same to SQLite, to PostgreSQL and to the rules' own evaluation, whatever the rows hold."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from app.db.session import Database
from app.db.tables.request_log import RequestLog
from app.repositories.log_filters import LogFilter
from app.repositories.request_logs import RequestLogRepository
from app.rules.diagnostics import Code, RuleError, Severity
from app.rules.log_search import holds, search
from app.rules.to_sql import Dialect, to_sql
from app.services.log_rows import log_row
from tests.support.databases import Postgres
from tests.support.logs import NOW, exchange

TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "b",
    "é",
    "É",
    "ß",
    "\U0001f600",
    "\uffff",
    "%",
    "_",
    "a%",
    "\\",
    "'",
    '"',
    "a'b",
    ":x",
    "1",
    " ",
]
NUMBERS = [0, 1, 2, 200, 499, 500, 2000, 2**31, 2**53 - 1, 2**63 - 1, -1, -(2**63)]
TIMES = [int(NOW * 1000) + shift for shift in (-1000, -1, 0, 1, 1000, 86_400_000)]
CLOSED = {
    "protocol": ["openai", "anthropic"],
    "end_reason": ["complete", "truncated", "client_left", "error"],
    "usage_source": ["upstream", "counted", None],
    "path": ["/v1/chat/completions", "/v1/messages", "/v1/messages/count_tokens", "/other"],
}
LISTS = {
    "texts": frozenset(("a", "é", "a'b", "", "a\0")),
    "numbers": frozenset(("1", "200", "2e3", "x", "0.5", "9" * 30)),
    "none": frozenset[str](),
}

TEXT_FIELDS = [
    "model",
    "provider",
    "target_model",
    "api_key.name",
    "error_code",
    "client.ip",
    "method",
    "request_id",
]
TEXT_FIELDS += ["protocol", "end_reason", "usage_source", "endpoint", "path"]
NUMBER_FIELDS = [
    "status",
    "total_time_ms",
    "first_byte_delay_ms",
    "input_tokens",
    "cached_tokens",
    "api_key.id",
]
NUMBER_FIELDS += ["len(provider)", "len(model)", "len(endpoint)", 'len("é\U0001f600")', "revision"]
FLAGS = [
    "stream",
    "has_error",
    "exists(provider)",
    "exists(endpoint)",
    "exists(request_time)",
    "exists(len(model))",
]
PATTERNS = (["", "^"], ["a", "é", "%", "'", "ab", ""], ["", "$"])
ROWS = 150
EXAMPLES = 100


def rows(seed: int) -> list[dict[str, Any]]:
    """Log rows with what strains a search, by the names of their columns."""
    chance = random.Random(seed)
    names = [column.name for column in RequestLog.__table__.columns]
    found = []
    for number in range(ROWS):
        row = dict(zip(names, log_row(exchange()), strict=True))
        for name in (
            "requested_model",
            "provider",
            "target_model",
            "api_key_name",
            "error_code",
            "client_ip",
        ):
            row[name] = chance.choice([*TEXTS, None, "".join(chance.choices(TEXTS, k=3))])
        for name in ("first_byte_delay_ms", "input_tokens", "cached_tokens", "output_tokens", "api_key_id"):
            row[name] = chance.choice([*NUMBERS, None])
        for name in ("status", "total_time_ms", "revision"):
            row[name] = chance.choice(NUMBERS)
        for name, values in CLOSED.items():
            row[name] = chance.choice(values)
        row |= {"is_stream": chance.random() < 0.5, "has_error": chance.random() < 0.5}
        row |= {"request_time": chance.choice(TIMES), "request_id": f"{number:04}{chance.choice('aé%')}"}
        found.append(row)
    return found


def literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


text_values = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from([value for values in CLOSED.values() for value in values if value]),
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=4),
).map(literal)
number_values = st.one_of(
    st.sampled_from([*NUMBERS, 2**63, -(2**63) - 1, 10**40, -(10**40)]).map(str),
    st.sampled_from(["0.5", "499.5", "500.0", "-0.0", "1e300", "-1e300", "2e3", "9223372036854775807.0"]),
)
moments = st.sampled_from(
    [
        "2026-09-21T14:13:20Z",
        "2026-09-21T14:13:20.0005Z",
        "2026-09-22",
        "2026-09-21T16:13:20.001+02:00",
        "0001-01-01",
    ]
).map(literal)
text_fields = st.sampled_from(TEXT_FIELDS)
number_fields = st.sampled_from(NUMBER_FIELDS)
orders = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
parts = st.sampled_from(["contains", "starts_with", "ends_with"])
several = st.lists(text_values, min_size=1, max_size=4).map(", ".join)


def joined(*pieces: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*pieces).map(" ".join)


def fixed(text: str) -> st.SearchStrategy[str]:
    return st.just(text)


tests = st.one_of(
    joined(text_fields, st.one_of(orders, parts), text_values),
    joined(text_values, st.one_of(orders, parts), text_fields),
    joined(text_fields, st.one_of(orders, parts), text_fields),
    joined(
        text_fields, fixed("matches"), st.tuples(*map(st.sampled_from, PATTERNS)).map("".join).map(literal)
    ),
    joined(number_fields, orders, number_values),
    joined(number_values, orders, number_fields),
    joined(number_fields, orders, number_fields),
    joined(number_fields, fixed("in"), number_values, fixed(".."), number_values),
    joined(text_fields, st.sampled_from(["in", "not in"]), several.map(lambda items: f"[{items}]")),
    joined(number_fields, fixed("in ["), number_values, fixed(","), number_values, fixed("]")),
    joined(text_fields, st.sampled_from(["in $texts", "in $none", "not in $numbers"])),
    joined(number_fields, st.sampled_from(["in $texts", "in $none", "not in $numbers"])),
    joined(fixed("request_time"), orders, moments),
    joined(moments, orders, fixed("request_time")),
    joined(fixed("request_time in ["), moments, fixed("]")),
    st.sampled_from(
        [*FLAGS, "true", "stream == has_error", "has_error in [false]", "stream in [true, false]"]
    ),
    joined(st.sampled_from(FLAGS), st.sampled_from(["== true", "!= true", "== exists(model)"])),
)
filters = st.recursive(
    tests,
    lambda inner: st.one_of(
        joined(fixed("("), inner, fixed("and"), inner, fixed(")")),
        joined(fixed("("), inner, fixed("or"), inner, fixed(")")),
        joined(fixed("not ("), inner, fixed(")")),
        joined(fixed("("), inner, fixed(") == ("), inner, fixed(")")),
        joined(fixed("("), inner, fixed(") in [true]")),
    ),
    max_leaves=6,
)


class Asked:
    """A database with rows, asked through the repository."""

    def __init__(self, url: str, dialect: Dialect, content: list[dict[str, Any]]) -> None:
        self.content = content
        self._dialect = dialect
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._database = Database(url)
        self._runner.run(self._fill())

    async def _fill(self) -> None:
        async with self._database.engine.begin() as connection:
            await connection.execute(insert(RequestLog), self.content)

    def ids(self, text: str) -> set[str]:
        """The rows that the database finds."""
        return self._runner.run(self._ids(text))

    async def _ids(self, text: str) -> set[str]:
        wanted = LogFilter(condition=to_sql(search(text, LISTS), self._dialect, LISTS))
        async with self._database.read() as session:
            found = await RequestLogRepository(session).page(wanted, "-request_time", None, ROWS)
        return {row.request_id for row in found}

    def close(self) -> None:
        self._runner.run(self._database.aclose())
        self._runner.close()


@contextmanager
def asked(url: str, dialect: Dialect, seed: int) -> Iterator[Asked]:
    database = Asked(url, dialect, rows(seed))
    yield database
    database.close()


@pytest.fixture(scope="module")
def sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    file = tmp_path_factory.mktemp("search") / "gateway.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    with asked(f"sqlite+aiosqlite:///{file}", "sqlite", 1) as database:
        yield database


@pytest.fixture(scope="module")
def postgresql(postgres_server: Postgres) -> Iterator[Asked]:
    with postgres_server.database() as url, asked(url, "postgresql", 2) as database:
        yield database


def expected(text: str, content: list[dict[str, Any]]) -> set[str]:
    wanted = search(text, LISTS)
    return {row["request_id"] for row in content if holds(wanted, row, LISTS)}


def fits(text: str) -> bool:
    """A few filters can't be, as their literals are drawn one by one."""
    try:
        search(text, LISTS)
    except RuleError as error:
        errors = {found.code for found in error.diagnostics if found.severity is Severity.ERROR}
        return not errors <= {Code.EMPTY_RANGE, Code.CONSTANT_COMPARISON}
    return True


@settings(deadline=None, max_examples=EXAMPLES)
@given(text=filters.filter(fits))
def test_sqlite_finds_what_the_evaluation_finds(sqlite: Asked, text: str) -> None:
    assert sqlite.ids(text) == expected(text, sqlite.content)


@settings(deadline=None, max_examples=EXAMPLES)
@given(text=filters.filter(fits))
def test_postgresql_finds_what_the_evaluation_finds(postgresql: Asked, text: str) -> None:
    assert postgresql.ids(text) == expected(text, postgresql.content)


@pytest.mark.parametrize(
    "operator", ["==", "!=", "<", "<=", ">", ">=", "contains", "starts_with", "ends_with"]
)
def test_each_operator_means_the_same_for_every_text(sqlite: Asked, postgresql: Asked, operator: str) -> None:
    for text in [f"provider {operator} {literal(value)}" for value in TEXTS]:
        for database in (sqlite, postgresql):
            assert database.ids(text) == expected(text, database.content), text
