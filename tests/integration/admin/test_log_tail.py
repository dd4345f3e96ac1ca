"""Live tails over real sockets: every record once, whatever happens between."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from app.api.admin import log_tail
from app.config import Settings
from app.domain.exchange import Exchange
from app.services.log_tail import MOST
from tests.support.live import Live, serve
from tests.support.logs import NOW, exchange, write

WAIT = 20.0


class Tail:
    """One connection; `last_id` is what a browser would resume with."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.last_id: str | None = None

    async def event(self) -> tuple[str, Any]:
        """The next event with data: its name and its JSON."""
        name, data = "message", None
        async with asyncio.timeout(WAIT):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                if field == "id":
                    self.last_id = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data = json.loads(value)
                elif not line and data is not None:
                    return name, data
        raise EOFError

    async def ready(self) -> None:
        """Until the first id is there: what is written from now on comes."""
        async with asyncio.timeout(WAIT):
            async for line in self._lines:
                if line.startswith("id: "):
                    self.last_id = line.removeprefix("id: ")
                    return

    async def records(self, count: int) -> list[dict[str, Any]]:
        """The next records, so many at least."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            name, data = await self.event()
            assert name == "message"
            found += data["items"]
        return found


@asynccontextmanager
async def following(api: httpx.AsyncClient, last_id: str | None = None, **query: Any) -> AsyncIterator[Tail]:
    headers = {} if last_id is None else {"last-event-id": last_id}
    async with api.stream("GET", "/logs/tail", params=query, headers=headers, timeout=WAIT) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Tail(answer.aiter_lines())


async def log(live: Live, records: Sequence[Exchange]) -> None:
    assert live.gateway.services is not None
    await write(live.gateway.services.database, list(records))


async def test_records_come_as_the_list_shows_them(both: Live, api: httpx.AsyncClient) -> None:
    await log(both, [exchange()])
    async with following(api) as tail:
        await tail.ready()
        old = exchange(request_time=NOW - 3000, status=500)
        await log(both, [old])
        (record,) = await tail.records(1)
    listed = (await api.get("/logs", params={"status_min": 500})).json()["items"]
    assert [record] == listed
    assert record["request_id"] == old.request_id


async def test_nothing_is_lost_and_nothing_comes_twice(both: Live, api: httpx.AsyncClient) -> None:
    """2,000 records by several writers, with a filter; the connection drops again and again."""
    records = [
        exchange(request_time=NOW + number % 7, status=500 if number % 2 else 200, api_key_id=number % 3)
        for number in range(2000)
    ]
    wanted = {each.request_id for each in records if each.status == 500 and each.api_key_id == 1}
    query = {"filter": "status >= 500", "api_key_id": 1}
    started = asyncio.Event()

    async def writer(mine: list[Exchange]) -> None:
        await started.wait()
        for first in range(0, len(mine), 20):
            await log(both, mine[first : first + 20])

    writers = [asyncio.create_task(writer(records[part::4])) for part in range(4)]
    seen: list[str] = []
    last_id = None
    while len(seen) < len(wanted):
        async with following(api, last_id, **query) as tail:
            await tail.ready()
            started.set()
            seen += [each["request_id"] for each in await tail.records(1)]
            last_id = tail.last_id
    await asyncio.gather(*writers)
    assert len(seen) == len(set(seen))
    assert set(seen) == wanted


async def test_a_batch_written_twice_comes_once(both: Live, api: httpx.AsyncClient) -> None:
    async with following(api) as tail:
        await tail.ready()
        first, second = [exchange(), exchange()], [exchange()]
        for batch in (first, first, second):
            await log(both, batch)
        found = await tail.records(3)
    assert [each["request_id"] for each in found] == [each.request_id for each in (*first, *second)]


async def test_a_resumed_tail_begins_where_it_was(both: Live, api: httpx.AsyncClient) -> None:
    async with following(api) as tail:
        await tail.ready()
        first_id = tail.last_id
    await log(both, [exchange(status=201), exchange(status=202)])
    async with following(api, after=first_id) as tail:
        assert [each["status"] for each in await tail.records(2)] == [201, 202]


async def test_one_that_was_away_for_too_long_is_told(
    both: Live, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with following(api) as tail:
        await tail.ready()
        old = tail.last_id
    monkeypatch.setattr("app.services.log_tail.KEPT_MS", -1000)
    async with following(api, old) as tail:
        assert await tail.event() == ("gap", {})


async def test_silence_has_a_pulse(
    both: Live, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "PING_SECONDS", 0.0)
    async with following(api) as tail:
        for _ in range(3):
            await tail.ready()


async def test_the_end_of_a_session_ends_its_tail(
    database_url: str, cheap_hashes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "PING_SECONDS", 0.0)
    settings = Settings(database_url=database_url, encryption_key="key-of-the-tests-0123456789-abcdefghijkl")
    async with serve(settings) as live:
        assert live.gateway.services is not None
        token = await live.gateway.services.auth.issue_setup_token()
        headers = {"origin": live.url}
        async with httpx.AsyncClient(
            base_url=f"{live.url}/api/admin", headers=headers, trust_env=False
        ) as browser:
            user = {"name": "ada", "password": "correct horse battery"}
            made = await browser.post("/setup", json={"token": token, **user})
            assert made.status_code == 201, made.text
            async with following(browser) as tail:
                await tail.ready()
                assert (await browser.delete("/session")).status_code == 204
                assert await tail.event() == ("end", {"reason": "session_over"})


async def test_a_stop_ends_tails(both: Live, api: httpx.AsyncClient) -> None:
    async with following(api) as tail:
        await tail.ready()
        both.gateway.draining = True
        assert await tail.event() == ("end", {"reason": "draining"})
        with pytest.raises(EOFError):
            await tail.event()


async def test_there_are_so_many_and_no_more(both: Live, api: httpx.AsyncClient) -> None:
    async def one(open_until: asyncio.Event, ready: asyncio.Queue[None]) -> None:
        async with following(api) as tail:
            await tail.ready()
            ready.put_nowait(None)
            await open_until.wait()

    done, ready = asyncio.Event(), asyncio.Queue[None]()
    tails = [asyncio.create_task(one(done, ready)) for _ in range(MOST)]
    for _ in tails:
        await asyncio.wait_for(ready.get(), WAIT)
    refused = await api.get("/logs/tail")
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert refused.headers["content-type"] == "application/problem+json"
    done.set()
    await asyncio.gather(*tails)
    async with asyncio.timeout(WAIT):
        while True:  # the server notices a little later that a reader has gone
            async with api.stream("GET", "/logs/tail") as answer:
                if answer.status_code == 200:
                    return


@pytest.mark.parametrize(
    ("query", "pointer"),
    [({"after": "x"}, "/after"), ({"filter": "status >"}, "/filter"), ({"sort": "x"}, "/sort")],
)
async def test_bad_questions_are_refused(api: httpx.AsyncClient, query: dict[str, str], pointer: str) -> None:
    answer = await api.get("/logs/tail", params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_reader_that_takes_nothing_is_cut_off_and_can_resume(
    live: Live, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live.gateway.services is not None
    monkeypatch.setattr(log_tail, "SLOW_SECONDS", 0.2)
    host, port = live.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**14)
    head = f"GET /api/admin/logs/tail HTTP/1.1\r\nhost: x\r\nauthorization: {admin.headers['authorization']}\r\n\r\n"
    writer.write(head.encode())
    start = await reader.readuntil(b"id: ")
    assert start.startswith(b"HTTP/1.1 200")
    records = [exchange(requested_model="m" * 200, api_key_name="k" * 200) for _ in range(8000)]
    for first in range(0, len(records), 100):
        await log(live, records[first : first + 100])
    async with asyncio.timeout(60):
        while live.gateway.services.tails.open:  # noqa: ASYNC110  # nobody is told when one ends
            await asyncio.sleep(0)
        received = await reader.read()
    last_id, seen = _whole_events(received)
    assert 0 < len(seen) < len(records)
    base, headers = f"{live.url}/api/admin", admin.headers
    async with (
        httpx.AsyncClient(base_url=base, headers=headers, trust_env=False) as api,
        following(api, last_id) as tail,
    ):
        seen += [each["request_id"] for each in await tail.records(len(records) - len(seen))]
    assert seen == [each.request_id for each in records]
    writer.close()


def _whole_events(received: bytes) -> tuple[str, list[str]]:
    """The last id, and the ids of the records, of the events that came whole; chunk sizes are between them."""
    last_id, seen = "", list[str]()
    for event in received.split(b"\n\n")[:-1]:
        fields = [line.partition(b": ") for line in event.replace(b"\r\n", b"\n").split(b"\n")]
        data = next((value for name, _, value in fields if name == b"data"), None)
        if data is not None:
            last_id = next(value for name, _, value in fields if name == b"id").decode()
            seen += [item["request_id"] for item in json.loads(data)["items"]]
    return last_id, seen
