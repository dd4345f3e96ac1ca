"""Facets of the log: frequent values, as a loop over the records counts them."""

from collections import Counter
from typing import Any

import httpx
import pytest

from app.domain.exchange import EndReason
from app.repositories.log_filters import LogFilter
from app.services.log_facets import LogFacets
from tests.support.live import Live
from tests.support.logs import NOW, exchange, write

RECORDS = [
    exchange(
        request_time=NOW + number,
        provider_id=number % 3 + 1,
        provider=f"provider-{number % 3 + 1}",
        requested_model=f"model-{min(number % 17, number % 5)}",
        status=(200, 200, 429, 500)[number % 4],
        api_key_id=number % 12 + 1 if number % 2 else None,
        api_key_name=f"key-{number % 12 + 1}" if number % 2 else None,
        end_reason=EndReason.TRUNCATED if number % 9 == 0 else EndReason.COMPLETE,
        is_stream=number % 3 == 0,
    )
    for number in range(60)
]


@pytest.fixture
async def logs(both: Live, api: httpx.AsyncClient) -> httpx.AsyncClient:
    assert both.gateway.services is not None
    await write(both.gateway.services.database, RECORDS)
    return api


def counted(values: Any) -> list[tuple[Any, int]]:
    found = Counter(value for value in values if value is not None)
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:10]


async def test_frequent_values(logs: httpx.AsyncClient) -> None:
    found = (await logs.get("/logs/facets")).json()
    assert (found["counted"], found["sampled"]) == (60, False)
    for name, values in {
        "requested_model": (each.requested_model for each in RECORDS),
        "status_class": (each.status // 100 for each in RECORDS),
        "end_reason": (each.end_reason.value for each in RECORDS),
    }.items():
        assert [(each["value"], each["count"]) for each in found[name]] == counted(values)
    assert [(each["value"], each["count"]) for each in found["is_stream"]] == [(False, 40), (True, 20)]
    assert found["provider"][0] == {"id": 1, "name": "provider-1", "count": 20}
    assert [(each["id"], each["count"]) for each in found["api_key"]] == counted(
        each.api_key_id for each in RECORDS
    )


async def test_filters_count(logs: httpx.AsyncClient) -> None:
    query = {"filter": "status >= 500", "provider_id": 1}
    found = (await logs.get("/logs/facets", params=query)).json()
    matching = [each for each in RECORDS if each.status >= 500 and each.provider_id == 1]
    assert found["counted"] == len(matching)
    assert found["provider"] == [{"id": 1, "name": "provider-1", "count": len(matching)}]
    nothing = (await logs.get("/logs/facets", params={"status_min": 600})).json()
    assert (nothing["counted"], nothing["provider"], nothing["is_stream"]) == (0, [], [])


async def test_only_the_newest_are_counted(both: Live, logs: httpx.AsyncClient) -> None:
    assert both.gateway.services is not None
    async with both.gateway.services.database.read() as session:
        found = await LogFacets(session, rows=10).facets(LogFilter())
    assert (found.rows, found.sampled) == (10, True)
    newest = RECORDS[-10:]
    assert [(each.number, each.count) for each in found.values["status_class"]] == counted(
        each.status // 100 for each in newest
    )


async def test_bad_filters_are_refused(logs: httpx.AsyncClient) -> None:
    answer = await logs.get("/logs/facets", params={"filter": "status >"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/filter"
