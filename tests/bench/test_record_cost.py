"""What the log record of a request costs, in CPU time of all threads. `just limits` prints it."""

import asyncio
import sys
import time

import msgspec
import pytest

from app.config import Settings
from app.db.session import Database
from app.domain.exchange import Exchange
from app.protocols.envelope import peek
from app.rules.context import Facts
from app.rules.recorded import record
from app.services.log_rows import log_row
from app.services.log_writer import LogWriter
from app.services.payload_rows import screen_all, unscreened
from tests.support.logs import NOW, exchange

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

RECORDS = 4000
TURN = 16
"""Records between two turns of the event loop."""
ROUNDS = 5
WORDS = (
    "a gateway sits between applications and the providers of models and keeps an account of what was used "
)
HEADERS = [
    (b"host", b"gateway:8000"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"content-type", b"application/json"),
    (b"user-agent", b"OpenAI/Python 1.99"),
    (b"authorization", b"Bearer gwk_0123456789abcdefghijABCDEFGHIJ01"),
    (b"x-stainless-lang", b"python"),
    (b"x-team", b"search"),
]


def made(number: int) -> tuple[Exchange, Facts]:
    """A request of 2 kB and its answer of 1 kB, unlike those before."""
    spoken = [
        {"role": role, "content": f"{number} {WORDS * 4}"} for role in ("system", "user", "assistant", "user")
    ]
    body = msgspec.json.encode({"model": "chat", "temperature": 0.7, "max_tokens": 256, "messages": spoken})
    answer = msgspec.json.encode(
        {"id": f"chatcmpl-{number}", "choices": [{"message": {"content": WORDS * 9}}]}
    )
    headers = [*HEADERS, (b"content-length", b"%d" % len(body))]
    request = exchange(
        request_headers=headers,
        request_body=body,
        request_size=len(body),
        response_headers=[
            (b"content-type", b"application/json"),
            (b"x-upstream-request-id", b"req_%d" % number),
        ],
        response_body=answer,
        response_size=len(answer),
    )
    return request, Facts(
        body, headers, "chat/completions", "chat", False, None, "192.0.2.7", NOW, peek(body).members
    )


async def test_a_record_costs_microseconds(sqlite_database_url: str) -> None:
    """As multiples of finding the model in its body, which is about 2 us: the machine may be busy."""
    best = {"unit": 1.0, "facts": 1.0, "row": 1.0, "payload": 1.0, "written": 1.0}

    def took(name: str, since: int) -> int:
        now = time.process_time_ns()
        best[name] = min(best[name], (now - since) / RECORDS / 1e9)
        return time.process_time_ns()

    database = Database(sqlite_database_url)
    for _ in range(ROUNDS):
        requests = [made(number) for number in range(RECORDS)]
        since = time.process_time_ns()
        for request, _facts in requests:
            peek(request.request_body)
        since = took("unit", since)
        for request, facts in requests:
            request.facts = record(facts)
        since = took("facts", since)
        for request, _facts in requests:
            log_row(request)
        since = took("row", since)
        screen_all([unscreened(request, 65536, redacted=True) for request, _facts in requests])
        took("payload", since)
        writer = LogWriter(database, Settings())
        writer.start()
        since = time.process_time_ns()
        for number, (request, _facts) in enumerate(requests):
            writer.put(request)
            if not number % TURN:
                await asyncio.sleep(0)
        assert await writer.close(60) == 0
        took("written", since)
    await database.aclose()
    for name, seconds in best.items():
        sys.stdout.write(f"\nlog record, {name}: {seconds * 1e6:.1f} us, {seconds / best['unit']:.1f} units")
    limits = {"facts": 6, "row": 4, "payload": 12, "written": 30}
    assert {name for name, limit in limits.items() if best[name] > limit * best["unit"]} == set()
