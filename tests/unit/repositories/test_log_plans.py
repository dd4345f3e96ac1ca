"""Every list and every statistic is answered from the one index of the log table, whatever it is narrowed by."""

import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import combinations
from typing import Any, get_args

import pytest
from sqlalchemy import event

from app.db.session import Database
from app.repositories.log_filters import LogFilter
from app.repositories.request_logs import Position, RequestLogRepository, Sort
from app.repositories.stats import Grouping, StatsRepository
from app.rules.log_search import search
from app.rules.to_sql import to_sql
from app.services.log_rows import log_row
from rules_grammar import LOG_FIELDS
from tests.support.logs import NOW, exchange

ROWS = 50_000
GOOD = re.compile(
    r"COVERING INDEX ix_request_log_scan|INDEX sqlite_autoindex_request_log_1 \(request_id=\?\)"
    r"|^SCAN (anon_1|\(subquery-\d+\)|SUBQUERY \d+)$"  # the rows of an inner statement
    r"|^SCAN json_each VIRTUAL TABLE"  # the items of a set
)
WANTED: dict[str, dict[str, Any]] = {
    "time": {"start_time": int(NOW * 1000), "end_time": int(NOW * 1000) + 9_000_000},
    "requested_model": {"requested_model": "chat"},
    "target_model": {"target_model": "chat-large"},
    "provider": {"provider_id": 2},
    "api_key": {"api_key_id": 1},
    "status": {"status_min": 500, "status_max": 599},
    "has_error": {"has_error": True},
    "stream": {"is_stream": False},
    "retries": {"retry_count_min": 1},
    "input_tokens": {"input_tokens_min": 1, "input_tokens_max": 100},
    "output_tokens": {"output_tokens_min": 1},
    "total_time": {"total_time_ms_min": 1},
    "first_byte": {"first_byte_delay_ms_max": 5000},
    "end_reason": {"end_reason": "truncated"},
}
FILTERS = [
    LogFilter(**{name: value for each in three for name, value in WANTED[each].items()})
    for three in combinations(WANTED, 3)
][::5]
QUESTIONS = {
    "str": 'len({0}) > 3 or {0} in ["a", "b"]',
    "num": "{0} > 3 and {0} not in [4, 5]",
    "bool": "not {0}",
}


def expressions() -> Iterator[str]:
    """One filter for each field that can be searched."""
    for row in LOG_FIELDS["fields"]:
        if row["type"] != "map":
            question = QUESTIONS[row["type"]] if row["name"] != "request_time" else '{0} >= "2026-11-24"'
            yield question.format(row["name"])


FILTERS += [LogFilter(condition=to_sql(search(text, {}), "sqlite", {})) for text in expressions()]


@pytest.fixture(scope="module")
def filled(migrated_sqlite: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A SQLite database with many rows: the planner's choice depends on their number once it has been analysed."""
    file = tmp_path_factory.mktemp("plans") / "gateway.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    row = list(log_row(exchange()))
    chance = random.Random(1)
    with closing(sqlite3.connect(file)) as connection:
        marks = ", ".join("?" * len(row))
        connection.executemany(
            f"INSERT INTO request_log VALUES ({marks})",
            (
                [f"{number:08x}-0000-7000-8000-{chance.getrandbits(48):012x}", *row[1:]]
                for number in range(ROWS)
            ),
        )
        connection.execute("ANALYZE")
        connection.commit()
    return f"sqlite+aiosqlite:///{file}"


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The SELECTs that are executed within the block."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            found.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield found
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)


def plan(file: sqlite3.Connection, statement: str, parameters: Any) -> list[str]:
    return [step for *_, step in file.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]


def check(url: str, found: list[tuple[str, Any]]) -> None:
    """Rows are read out of the index alone, or by their id."""
    with closing(sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"))) as file:
        for statement, parameters in found:
            steps = [step for step in plan(file, statement, parameters) if re.match("SCAN|SEARCH", step)]
            assert steps
            for step in steps:
                assert GOOD.search(step), (step, statement)


@pytest.mark.parametrize("sort", get_args(Sort))
async def test_lists_are_read_from_the_index(filled: str, sort: Sort) -> None:
    database = Database(filled)
    after = Position(int(NOW * 1000), "ffff")
    with statements(database) as found:
        async with database.read() as session:
            logs = RequestLogRepository(session)
            assert len(await logs.page(LogFilter(), sort, None, 3)) == 3
            for wanted in FILTERS:
                await logs.page(wanted, sort, None, 1)
                await logs.count(wanted, sort, after, 1)
    await database.aclose()
    assert len(found) >= 2 * len(FILTERS) + 2
    check(filled, found)


@pytest.mark.parametrize("by", get_args(Grouping))
async def test_statistics_are_read_from_the_index(filled: str, by: Grouping) -> None:
    database = Database(filled)
    with statements(database) as found:
        async with database.read() as session:
            stats = StatsRepository(session)
            for wanted in FILTERS[::9]:
                await stats.sums(wanted, by, 60_000, 10)
                await stats.histograms(wanted, "total_time_ms", by, 60_000)
                await stats.histograms(wanted, "first_byte_delay_ms", by, 60_000)
            await stats.names(by, ["01920000-0000-7000-8000-000000000001"])
    await database.aclose()
    assert len(found) >= 3 * len(FILTERS[::9])
    check(filled, found)
