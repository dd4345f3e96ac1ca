"""Filters of the log: what is read, what is refused and why, and which rows pass."""

from typing import Any

import pytest

from app.db.tables.request_log import RequestLog
from app.domain.exchange import EndReason
from app.domain.provider import Protocol
from app.domain.usage import UsageSource
from app.repositories.request_logs import WIDE
from app.rules.diagnostics import Code, Diagnostic, RuleError, Severity
from app.rules.engine import check
from app.rules.fields import LOGS
from app.rules.log_search import COLUMNS, ENDPOINT, holds, search
from app.services.log_rows import log_row
from rules_grammar import LOG_FIELDS
from tests.support.logs import exchange

NAMES = [column.name for column in RequestLog.__table__.columns]
LISTS = {
    "office": frozenset(("192.0.2.7", "10.0.0.0/8")),
    "desks": frozenset(("192.0.2.7",)),
    "keys": frozenset(("1",)),
}


def row(**changes: Any) -> dict[str, Any]:
    """A row as the database gives it back: it takes 0 and 1 for a flag, and gives False and True."""
    found = dict(zip(NAMES, log_row(exchange()), strict=True))
    return found | {name: bool(found[name]) for name in ("is_stream", "has_error")} | changes


def faults(text: str) -> list[Diagnostic]:
    with pytest.raises(RuleError) as caught:
        search(text, LISTS)
    return [found for found in caught.value.diagnostics if found.severity is Severity.ERROR]


def test_every_field_is_a_column() -> None:
    fields = [field["name"] for field in LOG_FIELDS["fields"] if field["type"] != "map"]
    assert {COLUMNS.get(name, name) for name in fields} - {ENDPOINT} == {*NAMES} - {*WIDE}


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("status == 200 and not has_error and stream == false", True),
        ('model == "chat" and provider == "acme" and target_model starts_with "chat-"', True),
        ('endpoint == "chat/completions" and path == "/v1/chat/completions"', True),
        ("api_key.id in $keys and api_key.name contains 'ea'", True),
        ("client.ip in $desks", True),
        ("exists(error_code)", False),
        ('error_code == "x"', False),
        ('error_code != "x"', True),
        ("len(provider) == 4 and total_time_ms in 900..900.5", True),
        ('request_time == "2026-09-21T14:13:20Z"', True),
        ('request_time >= "2026-09-21T16:13:20.001+02:00"', False),
        ('request_time < "2026-09-21T14:13:20.0001"', True),
        ('"2026-09-21" < request_time and request_time in ["2026-09-21T14:13:20Z", "2020-01-01"]', True),
        ('request_time not in ["2026-09-21T14:13:20Z"]', False),
        ('(request_time > "2030-01-01") == false', True),
        ('model matches "^chat$" and provider matches r"^ac"', True),
    ],
)
def test_rows_pass(text: str, passes: bool) -> None:
    assert holds(search(text, LISTS), row(), LISTS) is passes


@pytest.mark.parametrize(
    ("text", "code", "piece", "hint"),
    [
        ("requested_model == 'a'", Code.UNKNOWN_FIELD, "requested_model", "did you mean `model`?"),
        ("is_stream", Code.UNKNOWN_FIELD, "is_stream", "did you mean `stream`?"),
        ("api_key_id == 1", Code.UNKNOWN_FIELD, "api_key_id", "did you mean `api_key.id`?"),
        ("statsu == 1", Code.UNKNOWN_FIELD, "statsu", "did you mean `status`?"),
        ("attempts == 1", Code.UNKNOWN_FIELD, "attempts", "`retry_count`"),
        ("body.temperature > 1", Code.UNKNOWN_FIELD, "body", "bodies are not searched"),
        ("lower(model) == 'a'", Code.UNKNOWN_FUNCTION, "lower", "every spelling"),
        ("any(attempts, .status == 1)", Code.UNKNOWN_FUNCTION, "any", "no lists"),
        ('status == "500"', Code.TYPE_MISMATCH, 'status == "500"', "use `500`"),
        ("provider == null", Code.TYPE_MISMATCH, "provider == null", "use `not exists(provider)`"),
        ('model matches "a.*b"', Code.NOT_SEARCHABLE, '"a.*b"', "use `contains`"),
        ('model matches "(?i)a"', Code.NOT_SEARCHABLE, '"(?i)a"', "use `contains`"),
        ('model matches "a["', Code.BAD_PATTERN, '"a["', "for the character itself"),
        ('client.ip == "10.0.0.0/8"', Code.NOT_SEARCHABLE, '"10.0.0.0/8"', "starts_with"),
        ('client.ip in ["192.0.2.7", "10.0.0.0/8"]', Code.NOT_SEARCHABLE, '"10.0.0.0/8"', "starts_with"),
        ("client.ip in $office", Code.NOT_SEARCHABLE, "$office", None),
        ("request_time > 'noon'", Code.BAD_TIME, "'noon'", "ISO 8601"),
        ("request_time in ['2026-01-01', '']", Code.BAD_TIME, "''", "ISO 8601"),
        (
            "request_time contains '2026'",
            Code.NOT_SEARCHABLE,
            "request_time contains '2026'",
            "request_time >=",
        ),
        ("len(request_time) > 1", Code.NOT_SEARCHABLE, "len(request_time)", "request_time >="),
        ("request_time == model", Code.NOT_SEARCHABLE, "request_time == model", "request_time >="),
        ("request_time in $keys", Code.NOT_SEARCHABLE, "request_time in $keys", "request_time >="),
        ('model in ["a", "\\u0000"]', Code.NOT_SEARCHABLE, '"\\u0000"', None),
        ('model < "a\\u0000"', Code.NOT_SEARCHABLE, '"a\\u0000"', None),
    ],
)
def test_what_cannot_be_searched_for_is_refused(text: str, code: Code, piece: str, hint: str | None) -> None:
    (fault,) = faults(text)
    assert (fault.code, text[slice(*fault.span)]) == (code, piece)
    assert hint is None or hint in str(fault.suggestion)


def test_alternatives_are_offered_as_a_condition() -> None:
    text = 'not model matches "gpt|claude-3"'
    (fault,) = faults(text)
    assert fault.edit is not None
    start, end = fault.edit.span
    mended = text[:start] + fault.edit.text + text[end:]
    assert mended == 'not (model contains "gpt" or model contains "claude-3")'
    assert search(mended, {}).warnings == ()


def test_all_faults_come_at_once_and_from_the_general_check_as_well() -> None:
    text = 'status > "a" and request_time > "b" and model matches "c+" and nothing'
    codes = [Code.TYPE_MISMATCH, Code.BAD_TIME, Code.NOT_SEARCHABLE, Code.UNKNOWN_FIELD]
    assert [fault.code for fault in faults(text)] == codes
    assert [fault.code for fault in check(text, {}, LOGS)] == codes


def test_unknown_values_are_pointed_out() -> None:
    (warning,) = search('end_reason == "trunkated"', {}).warnings
    assert (warning.code, warning.suggestion) == (Code.UNKNOWN_VALUE, "did you mean `truncated`?")


@pytest.mark.parametrize("name", ["protocol", "end_reason", "usage_source"])
def test_closed_values_are_those_of_the_code(name: str) -> None:
    (listed,) = [field["values"] for field in LOG_FIELDS["fields"] if field["name"] == name]
    assert (
        listed == {"protocol": [*Protocol], "end_reason": [*EndReason], "usage_source": [*UsageSource]}[name]
    )
