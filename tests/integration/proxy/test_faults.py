"""Retry and failover against the replay server's faults: outcome, attempts, waits and the record of each."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from app.common.clock import SystemClock
from app.domain.exchange import EndReason, Exchange
from app.domain.model import Retry
from app.domain.provider import Timeouts
from app.domain.usage import UsageSource
from tests.support.hotpath import HotPath, chat_body, hot_path, provider, route, target
from tests.support.replay import Replay, needs_shared, replay_server

pytestmark = needs_shared

RETRY = Retry(max_attempts=3, delay=1.0, max_delay=5.0, max_attempts_total=8)
TIMEOUTS = Timeouts(connect=2.0, first_byte=0.5, idle=0.5, total=30.0)

FIRST, SECOND = "provider-1", "provider-2"


class NoWait(SystemClock):
    """The real clock, but sleeping between attempts takes no time and is noted."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with replay_server("--fallback") as server:
        yield server


@pytest.fixture(autouse=True)
def clean(replay: Replay) -> Iterator[None]:
    replay.reset()
    yield
    replay.reset()


@asynccontextmanager
async def gateway(replay: Replay, clock: NoWait, retry: Retry = RETRY) -> AsyncIterator[HotPath]:
    """A model whose first and second target are both the replay server, told apart by a prefix of their path."""
    targets = [
        target(provider(f"{replay.url}/{name}/v1", number, timeouts=TIMEOUTS))
        for number, name in ((1, "first"), (2, "second"))
    ]
    async with hot_path(route(targets, retry=retry), clock=clock) as path:
        yield path


async def read_to_the_break(response: httpx.Response) -> tuple[bytes, bool]:
    got = b""
    try:
        async for piece in response.aiter_raw():
            got += piece
    except httpx.RemoteProtocolError:
        return got, True
    return got, False


def attempts(record: Exchange) -> list[tuple[str, int | None, str | None, str | None]]:
    return [(a.provider, a.status, a.error, a.next) for a in record.attempts]


RETRIED = "retry after"
OVER = "failover after"


def expect(*cells: tuple[str, int | None, str | None, str | None]) -> list[Any]:
    return list(cells)


PLAIN: list[tuple[str, dict[str, Any], list[Any], list[float]]] = [
    (
        "status",
        {"times": 1, "status": 500},
        expect((FIRST, 500, None, f"{RETRIED} status 500"), (FIRST, 200, None, None)),
        [1.0],
    ),
    (
        "status",
        {"times": 3, "status": 529},
        expect(
            (FIRST, 529, None, f"{RETRIED} status 529"),
            (FIRST, 529, None, f"{RETRIED} status 529"),
            (FIRST, 529, None, f"{OVER} status 529"),
            (SECOND, 200, None, None),
        ),
        [1.0, 1.0],
    ),
    (
        "status",
        {"times": 1, "status": 503, "headers": {"retry-after": "3"}},
        expect((FIRST, 503, None, f"{RETRIED} status 503"), (FIRST, 200, None, None)),
        [3.0],
    ),
    (
        "status",
        {"times": 1, "status": 503, "headers": {"retry-after": "60"}},
        expect((FIRST, 503, None, f"{OVER} status 503"), (SECOND, 200, None, None)),
        [],
    ),
    (
        "status",
        {"times": 1, "status": 429, "headers": {"retry-after": "1"}},
        expect((FIRST, 429, None, f"{OVER} status 429"), (SECOND, 200, None, None)),
        [],
    ),
    (
        "hang",
        {"times": 1},
        expect(
            (FIRST, None, "timeout_first_byte", f"{RETRIED} timeout_first_byte"), (FIRST, 200, None, None)
        ),
        [1.0],
    ),
    (
        "reset",
        {"times": 1, "after_events": 0},
        expect((FIRST, None, "reset", f"{RETRIED} reset"), (FIRST, 200, None, None)),
        [1.0],
    ),
    (
        "reset",
        {"times": 1, "after_events": 2},
        expect((FIRST, 200, "reset", f"{RETRIED} reset"), (FIRST, 200, None, None)),
        [1.0],
    ),
    (
        "truncate",
        {"times": 1},
        expect((FIRST, 200, "reset", f"{RETRIED} reset"), (FIRST, 200, None, None)),
        [1.0],
    ),
    ("close", {"times": 1}, expect((FIRST, 200, None, None)), []),
]


@pytest.mark.parametrize(
    ("kind", "options", "tries", "waits"), PLAIN, ids=lambda v: v if isinstance(v, str) else None
)
async def test_plain_answers_survive(
    replay: Replay, kind: str, options: dict[str, Any], tries: list[Any], waits: list[float]
) -> None:
    clock = NoWait()
    async with gateway(replay, clock) as path:
        replay.fault(kind, **options)
        response = await path.chat()
        assert response.status_code == 200
        assert msgspec.json.decode(response.content)["object"] == "chat.completion"
        (record,) = await path.records.wait(1)
        assert attempts(record) == tries
        assert clock.slept == waits
        assert (record.status, record.end_reason) == (200, EndReason.COMPLETE)
        assert record.provider == tries[-1][0]
        assert response.headers["x-gw-provider"] == tries[-1][0]
        assert response.headers["x-gw-attempts"] == str(len(tries))
        assert record.usage_source is UsageSource.UPSTREAM
        ends = [a.ended for a in record.attempts]
        assert None not in ends
        assert ends == sorted(ends)  # type: ignore[type-var]  # none is None


async def test_nothing_left_returns_the_last_error_as_it_came(replay: Replay) -> None:
    clock = NoWait()
    body = '{"error":{"message":"no more","type":"x","param":null,"code":"y"}, "extra":1.0}'
    async with gateway(replay, clock) as path:
        replay.fault("status", times=3, status=500)
        replay.fault(
            "status",
            times=3,
            status=503,
            body=body,
            headers={"content-type": "application/json", "retry-after": "1"},
        )
        response = await path.chat()
        assert (response.status_code, response.text) == (503, body)
        assert response.headers["retry-after"] == "1"
        (record,) = await path.records.wait(1)
        assert [a.status for a in record.attempts] == [500] * 3 + [503] * 3
        assert record.attempts[-1].next is None
        assert (record.status, record.end_reason, record.retry_count) == (503, EndReason.COMPLETE, 5)


async def test_final_statuses_are_passed_on_at_once(replay: Replay) -> None:
    policy = msgspec.structs.replace(RETRY, final_statuses=frozenset({422}))
    async with gateway(replay, NoWait(), policy) as path:
        replay.fault("status", times=1, status=422)
        assert (await path.chat()).status_code == 422
        (record,) = await path.records.wait(1)
        assert attempts(record) == [(FIRST, 422, None, None)]


async def test_attempts_are_capped_over_all_targets(replay: Replay) -> None:
    policy = msgspec.structs.replace(RETRY, max_attempts_total=4)
    async with gateway(replay, NoWait(), policy) as path:
        replay.fault("status", times=-1, status=500)
        assert (await path.chat()).status_code == 500
        (record,) = await path.records.wait(1)
        assert [a.provider for a in record.attempts] == [FIRST, FIRST, FIRST, SECOND]


async def test_silence_everywhere_is_a_504_of_our_own(replay: Replay) -> None:
    async with gateway(replay, NoWait()) as path:
        replay.fault("hang", times=-1)
        response = await path.chat()
        assert response.status_code == 504
        assert response.json()["error"]["code"] == "upstream_timeout"
        (record,) = await path.records.wait(1)
        assert [a.error for a in record.attempts] == ["timeout_first_byte"] * 6
        assert (record.status, record.end_reason, record.error_code) == (
            504,
            EndReason.ERROR,
            "upstream_timeout",
        )
        assert record.request_id == response.headers["x-request-id"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_malformed_answer_is_passed_on_as_it_came(replay: Replay, stream: bool) -> None:
    async with gateway(replay, NoWait()) as path:
        replay.fault("malformed", times=1)
        response = await path.chat(chat_body(stream=stream))
        assert response.status_code == 200
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(response.content.split(b"data: ")[1] if stream else response.content)
        (record,) = await path.records.wait(1)
        assert len(record.attempts) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_a_compressed_answer_is_passed_on_byte_for_byte(replay: Replay, stream: bool) -> None:
    async with gateway(replay, NoWait()) as path:
        replay.fault("gzip", times=1)
        compressed = await path.chat(chat_body(stream=stream), headers={"accept-encoding": "gzip"})
        plain = await path.chat(chat_body(stream=stream), headers={"accept-encoding": "identity"})
        assert compressed.headers["content-encoding"] == "gzip"
        assert compressed.content == plain.content
        for request in replay.requests():
            assert ["accept-encoding", "identity"] in [[n.lower(), v] for n, v in request["headers"]]
        for record in await path.records.wait(2):
            assert record.end_reason is EndReason.COMPLETE
            assert record.usage is not None


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [
        ("reset", {"after_events": 2}, "reset"),
        ("truncate", {"after_events": 2}, "reset"),
        ("truncate", {"after_events": 2, "clean": True}, "truncated"),
        ("stall", {"after_events": 2, "seconds": 30}, "timeout_idle"),
    ],
)
async def test_a_stream_cut_upstream_is_never_ended_cleanly(
    replay: Replay, kind: str, options: dict[str, Any], error: str
) -> None:
    async with gateway(replay, NoWait()) as path:
        whole = (await path.chat(chat_body(stream=True))).content
        replay.fault(kind, times=1, **options)
        body = msgspec.json.encode(chat_body(stream=True))
        async with path.client.stream("POST", "/v1/chat/completions", content=body) as response:
            assert response.status_code == 200
            got, broken = await read_to_the_break(response)
        assert broken, "the stream was ended cleanly"
        sent, _, event = got.rpartition(b'data: {"error"')
        assert event, "the break is told in the protocol too"
        assert whole.startswith(sent)
        assert sent
        assert b"[DONE]" not in got
        record = (await path.records.wait(2))[1]
        assert attempts(record) == [(FIRST, 200, error, None)]
        assert (record.status, record.end_reason, record.error_code) == (200, EndReason.TRUNCATED, error)
        assert record.usage_source is UsageSource.PARTIAL
        assert record.usage is not None
        assert record.usage.input


async def test_a_stream_that_dies_before_its_first_byte_is_tried_again(replay: Replay) -> None:
    clock = NoWait()
    async with gateway(replay, clock) as path:
        replay.fault("reset", times=1, after_events=0)
        response = await path.chat(chat_body(stream=True))
        assert response.content.endswith(b"data: [DONE]\n\n")
        (record,) = await path.records.wait(1)
        assert attempts(record) == [(FIRST, None, "reset", f"{RETRIED} reset"), (FIRST, 200, None, None)]


async def test_an_error_event_in_a_stream_is_passed_on_and_noted(replay: Replay) -> None:
    async with gateway(replay, NoWait()) as path:
        replay.fault("sse_error", times=1)
        response = await path.chat(chat_body(stream=True))
        assert b'data: {"error"' in response.content
        (record,) = await path.records.wait(1)
        assert (record.end_reason, record.error_code) == (EndReason.ERROR, "upstream_stream_error")


async def test_a_dripping_answer_is_relayed_whole(replay: Replay) -> None:
    async with gateway(replay, NoWait()) as path:
        whole = (await path.chat(chat_body(stream=True))).content
        replay.fault("drip", times=1, bytes=97, delay=0.001)
        assert (await path.chat(chat_body(stream=True))).content == whole


async def test_an_unreachable_provider_is_left_at_once(replay: Replay) -> None:
    clock = NoWait()
    targets = [
        target(provider("http://127.0.0.1:1/v1", 1)),
        target(provider("http://no-such-host.invalid/v1", 2)),
        target(provider(f"{replay.url}/v1", 3)),
    ]
    async with hot_path(route(targets, retry=RETRY), clock=clock) as path:
        assert (await path.chat()).status_code == 200
        (record,) = await path.records.wait(1)
        assert [a.error for a in record.attempts] == ["connect", "dns", None]
        assert clock.slept == []


async def test_a_request_that_meets_a_dead_idle_connection_is_sent_again_at_once_and_it_shows(
    replay: Replay,
) -> None:
    clock = NoWait()
    async with gateway(replay, clock) as path:
        await path.chat()
        replay.fault("reset", times=1, after_events=0)
        assert (await path.chat()).status_code == 200
        record = (await path.records.wait(2))[1]
        assert attempts(record) == [
            (FIRST, None, "reset", "retry after reset of an idle connection"),
            (FIRST, 200, None, None),
        ]
        assert clock.slept == []
