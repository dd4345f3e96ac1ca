"""What of an exchange is stored, and that all of it can be."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db.session import Database
from app.domain.attempt import Attempt, Verdict
from app.domain.exchange import EndReason, Exchange
from app.domain.usage import Usage
from app.services.log_rows import storable
from app.services.payload_rows import REPEATED_BYTES, payload_row, screen_all, trim, unscreened
from tests.support.logs import exchange, stored, write

KEY = "gwk_0123456789abcdefghijABCDEFGHIJ01"


async def write_and_read(database: Database, record: Exchange) -> tuple[dict[str, object], dict[str, object]]:
    await write(database, [record])
    row, payload = await stored(database, record.request_id)
    assert payload is not None
    places = row.pop("payload_file"), row.pop("payload_offset")
    assert [place is None for place in places] == [not database.is_sqlite] * 2
    return row, msgspec.structs.asdict(payload)


async def test_everything_known_of_a_request_is_stored(database: Database) -> None:
    record = exchange(
        request_id="01920000-0000-7000-8000-000000000001",
        request_time=1_790_000_000.123,
        facts=b'{"endpoint":"chat/completions"}',
    )
    log, payload = await write_and_read(database, record)
    attempts, trace = log.pop("attempts"), log.pop("trace")
    assert log == {
        "request_id": "01920000-0000-7000-8000-000000000001",
        "request_time": 1_790_000_000_123,
        "protocol": "openai",
        "method": "POST",
        "path": "/v1/chat/completions",
        "client_ip": "192.0.2.7",
        "revision": 3,
        "api_key_id": 1,
        "api_key_name": "team",
        "requested_model": "chat",
        "is_stream": False,
        "target_id": 5,
        "target_model": "chat-large",
        "provider_id": 2,
        "provider": "acme",
        "status": 200,
        "has_error": False,
        "error_code": None,
        "end_reason": "complete",
        "retry_count": 0,
        "first_byte_delay_ms": 200,
        "total_time_ms": 900,
        "input_tokens": 12,
        "output_tokens": 34,
        "cached_tokens": 5,
        "reasoning_tokens": 6,
        "usage_source": "upstream",
        "request_size": 13,
        "response_size": 2,
        "facts": '{"endpoint":"chat/completions"}',
    }
    assert msgspec.json.decode(str(attempts), type=list[Attempt]) == record.attempts
    assert msgspec.json.decode(str(trace), type=list[Verdict]) == record.trace
    assert payload == {
        "request_id": record.request_id,
        "is_redacted": True,
        "request_headers": '[["content-type","application/json"]]',
        "request_body": b'{"model":"c"}',
        "request_truncated": False,
        "response_headers": '[["content-type","application/json"]]',
        "response_body": b"{}",
        "response_truncated": False,
    }


@pytest.mark.parametrize(
    ("status", "end_reason", "has_error"),
    [
        (200, EndReason.COMPLETE, False),
        (399, EndReason.COMPLETE, False),
        (400, EndReason.COMPLETE, True),
        (499, EndReason.CLIENT_LEFT, True),
        (200, EndReason.TRUNCATED, True),
    ],
)
async def test_an_error_is_a_status_or_an_unfinished_answer(
    database: Database, status: int, end_reason: EndReason, has_error: bool
) -> None:
    log, _ = await write_and_read(database, exchange(status=status, end_reason=end_reason))
    assert log["has_error"] is has_error


async def test_where_nobody_answered_the_last_try_is_named(database: Database) -> None:
    tries = [
        Attempt(5, 2, "acme", "large", 0.0, error="dns"),
        Attempt(6, 3, "other", "small", 0.1, error="reset"),
    ]
    nobody = {"target_id": None, "target_model": None, "provider_id": None, "provider": None}
    log, _ = await write_and_read(database, exchange(attempts=tries, **nobody))
    assert (log["target_id"], log["target_model"], log["provider_id"], log["provider"]) == (
        6,
        "small",
        3,
        "other",
    )
    assert log["retry_count"] == 1


async def test_a_request_that_went_nowhere(database: Database) -> None:
    log, _ = await write_and_read(
        database,
        exchange(
            attempts=[],
            trace=[],
            usage=None,
            usage_source=None,
            first_byte_delay=None,
            provider_id=None,
            provider=None,
        ),
    )
    assert (log["provider"], log["input_tokens"], log["usage_source"], log["first_byte_delay_ms"]) == (
        None,
    ) * 4


async def test_odd_texts_can_be_stored(database: Database) -> None:
    odd = "a\0b\ud800c\U0001f600"
    log, payload = await write_and_read(
        database,
        exchange(
            requested_model=odd,
            error_code=odd,
            path=f"/v1/{odd}?key={KEY}",
            attempts=[Attempt(1, 1, odd, odd, 0.0)],
            trace=[Verdict(1, odd, False, odd)],
            request_body=odd.encode("utf-8", "surrogatepass") + b"\xff",
            request_headers=[(b"x-odd", b"\xe9\0")],
        ),
    )
    clean = "a\ufffdb\ufffdc\U0001f600"
    assert (log["requested_model"], log["error_code"], log["path"]) == (clean, clean, f"/v1/{clean}")
    (attempt,) = msgspec.json.decode(str(log["attempts"]), type=list[Attempt])
    assert attempt.provider == "a\0b\ufffdc\U0001f600"
    assert payload["request_body"] == b"a\0b\xed\xa0\x80c\xf0\x9f\x98\x80\xff"


async def test_long_names_and_huge_counts_are_cut(database: Database) -> None:
    record = exchange(
        requested_model="é" * 5000, usage=Usage(2**80, -3), client_ip="x" * 999, method="y" * 99
    )
    log, _ = await write_and_read(database, record)
    assert log["requested_model"] == "é" * 200
    assert (log["input_tokens"], log["output_tokens"]) == (2**53 - 1, 0)


def payload_of(record: Exchange, limit: int, *, redacted: bool = True) -> tuple[object, ...]:
    trim(record, limit)
    return payload_row(record, limit, redacted=redacted)


def test_bodies_are_cut_and_the_cut_is_flagged() -> None:
    record = exchange(request_body=b"x" * 50, request_size=50, response_body=b"y y " * 5, response_size=20)
    _, _, _, request, request_cut, _, response, response_cut = payload_of(record, 20, redacted=False)
    assert (request, request_cut) == (b"x" * 20, True)
    assert (response, response_cut) == (b"y y " * 5, False)


def test_the_cut_of_a_compressed_answer_is_flagged() -> None:
    """Its size is that on the wire, its stored body is unpacked."""
    whole = exchange(response_body=b"y" * 19, response_size=5)
    cut = exchange(response_body=b"y" * 20, response_size=5)
    assert payload_of(whole, 20)[7] is False
    assert payload_of(cut, 20)[7] is True


@pytest.mark.parametrize("redacted", [True, False])
def test_credentials_in_headers_are_never_stored(redacted: bool) -> None:
    headers = [
        (b"Authorization", b"Bearer " + KEY.encode()),
        (b"x-api-key", KEY.encode()),
        (b"Cookie", b"session=" + KEY.encode()),
        (b"x-note", b"my key is " + KEY.encode()),
        (b"accept", b"*/*"),
    ]
    for _ in range(2):  # what is remembered of the first time is no less safe
        row = payload_of(exchange(request_headers=headers, response_headers=headers), 100, redacted=redacted)
        assert KEY[4:] not in repr(row)
        assert '["accept","*/*"]' in str(row[2])
        assert '["Authorization","Bearer gwk_***...***"]' in str(row[5])


def test_secrets_in_bodies_are_masked_unless_all_is_wanted() -> None:
    body = b'{"messages":[{"content":"use sk-abcdefghijklmnopqrstuvwxyz"}]}'
    assert b"abcdefghijkl" not in payload_of(exchange(request_body=body), 999)[3]  # type: ignore[operator]  # bytes
    assert payload_of(exchange(request_body=body), 999, redacted=False)[3] == body


@given(st.integers(0, 120))
def test_a_secret_cut_anywhere_is_not_stored(cut: int) -> None:
    body = (
        b'{"a":"x", "key": "sk-proj-ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", "password": "correct horse battery"}'
    )
    stored = payload_of(exchange(request_body=body, request_size=len(body)), cut)[3]
    assert isinstance(stored, bytes)
    assert b"ABCDEF" not in stored
    assert b"correct" not in stored


@given(st.text(st.characters(codec=None, categories=None)))
def test_storable_text_is_text_both_databases_take(text: str) -> None:
    clean = storable(text)
    assert "\0" not in clean
    assert clean.encode() is not None
    if text.isascii() and "\0" not in text:
        assert clean == text


HARMLESS = (b"hello", b"some words of a text " * 20)
HARMFUL = (b"use " + KEY.encode(), b'{"password": "correct horse"}', b"A" * 600)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(HARMLESS + HARMFUL),
            st.sampled_from(HARMLESS + HARMFUL),
            st.sampled_from(
                [b"plain", b"tab\there", b"\t" + KEY.encode(), b"key=" + KEY.encode(), b'"\xe9"']
            ),
        ),
        max_size=40,
    )
)
def test_rows_searched_together_are_those_searched_alone(
    made: list[tuple[bytes, bytes, bytes]],
) -> None:
    records = [
        exchange(
            request_body=request,
            request_size=len(request),
            response_body=response,
            response_size=len(response),
            response_headers=[(b"x-note", note)],
        )
        for request, response, note in made
    ]
    together = screen_all([unscreened(record, 9999, redacted=True) for record in records])
    assert together == [payload_row(record, 9999, redacted=True) for record in records]
    assert KEY[4:] not in repr(together)
    assert "horse" not in repr(together)


def test_a_record_that_can_not_be_searched_spoils_no_other() -> None:
    good, bad = (unscreened(exchange(), 99, redacted=True) for _ in range(2))
    bad.bodies.append("no bytes")  # type: ignore[arg-type]  # on purpose
    first, error, last = screen_all([good, bad, good])
    assert first == last == good.row
    assert isinstance(error, TypeError)


@pytest.mark.parametrize("secret", ["", " sk-abcdefghijklmnopqrstuvwxyz"])
def test_large_bodies_that_come_again_are_stored_the_same(secret: str) -> None:
    """Whole and cut, with the same bytes: the second time from memory, if there was nothing to mask."""
    body = b"some words " * (REPEATED_BYTES // 10) + secret.encode() + b" and an end"
    for _ in range(2):
        for size in (len(body), len(body) + 1):
            row = payload_of(exchange(request_body=body, request_size=size), len(body))
            clean = body.replace(secret[4:].encode(), b"***...***") if secret else body
            assert row[3] == (clean if size == len(body) else clean[:-3])
            assert row[4] is (size > len(body))


async def test_attempts_and_traces_come_back_from_shorter_texts(database: Database) -> None:
    attempts = [
        Attempt(5, 2, "acme", 'lar"ge', 0.000035, 0.25, 0.9, 200),
        Attempt(5, 2, "acme", 'lar"ge', 0.1, None, 0.2, None, "reset", "retry: reset"),
        Attempt(6, 3, "other", "small", 0.3, 0.4, float("inf"), 200),
    ]
    trace = [
        Verdict(None, None, True),
        Verdict(5, "acme", False, "stream", (2, 8)),
        Verdict(6, "other", True),
    ]
    for _ in range(2):
        log, _ = await write_and_read(database, exchange(attempts=attempts, trace=trace))
        read = msgspec.json.decode(str(log["attempts"]), type=list[Attempt])
        assert read[:2] == attempts[:2]
        assert read[2].ended is None
        assert msgspec.json.decode(str(log["trace"]), type=list[Verdict]) == trace
        assert "null" not in str(log["attempts"]).partition("}")[0]
