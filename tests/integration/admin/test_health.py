"""Liveness, readiness and metrics, seen from a socket; a database that comes late; a stop in order."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import URL, make_url

from app import lifespan
from app.asgi import create_app
from app.common.secrets import KeyringError
from app.config import Settings
from app.domain.usage import Usage
from tests.integration.conftest import ADMIN_TOKEN, TIMEOUT
from tests.support.live import Live, serve
from tests.support.sockets import refused_port


async def test_livez_and_readyz_say_one_word_to_anybody(live: Live) -> None:
    async with httpx.AsyncClient(base_url=live.url, timeout=TIMEOUT, trust_env=False) as client:
        alive, ready = await client.get("/livez"), await client.get("/readyz")
        assert (alive.status_code, alive.text) == (200, "alive")
        assert (ready.status_code, ready.text) == (200, "ready")
        assert (await client.head("/livez")).status_code == (await client.head("/readyz")).status_code == 200
        live.gateway.draining = True
        draining = await client.get("/readyz")
        assert (draining.status_code, draining.text) == (503, "draining")
        assert (await client.get("/livez")).status_code == 200


async def test_metrics_are_for_this_machine_and_administrators(live: Live) -> None:
    async with httpx.AsyncClient(base_url=live.url, timeout=TIMEOUT, trust_env=False) as client:
        token = {"authorization": f"Bearer {ADMIN_TOKEN}"}
        assert (await client.get("/metrics")).status_code == 200
        for header in ("x-forwarded-for", "forwarded", "via", "x-real-ip"):
            assert (await client.get("/metrics", headers={header: "x"})).status_code == 401
            assert (await client.get("/metrics", headers={header: "x"} | token)).status_code == 200
        assert (await client.get("/metrics", headers={"host": "rebound.example"})).status_code == 401
        assert (await client.get("/metrics", headers={"host": "localhost:80"})).status_code == 200


async def test_metrics_show_what_was_counted(live: Live, admin: httpx.AsyncClient) -> None:
    metrics = live.gateway.metrics
    metrics.in_flight = 3
    metrics.finished("chat_completions", 'gpt"4', 200, 0.02, 0.3, Usage(input=10, output=4))
    metrics.finished("chat_completions", 'gpt"4', 404, None, 200.0)
    metrics.attempted("openai", 503, None)
    answer = await admin.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    series = ("chat_completions", 'gpt"4')
    assert found["gw_requests_total", "2xx", *series] == found["gw_requests_total", "4xx", *series] == 1
    assert found["gw_tokens_total", *series, "input"] == 10
    assert found["gw_tokens_total", *series, "output"] == 4
    assert found["gw_attempts_total", "5xx", "openai"] == 1
    assert found["gw_requests_in_flight",] == 3
    buckets = [
        found["gw_request_seconds_bucket", le, *series] for le in ("0.25", "0.5", "120.0", "300.0", "+Inf")
    ]
    assert buckets == [0, 1, 1, 2, 2]
    assert found["gw_request_seconds_sum", *series] == pytest.approx(200.3)
    assert found["gw_first_byte_seconds_count", *series] == 1
    for name, value in (("gw_log_dropped_total", 0), ("gw_log_queue", 0), ("gw_config_fresh", 1)):
        assert found[name,] == value
    assert found["process_open_fds",] > 3


async def test_a_database_that_comes_late_is_waited_for(
    postgres_database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifespan, "RETRY_SECONDS", 0.02)
    port = refused_port()
    url = make_url(postgres_database_url)
    late = url.set(host="127.0.0.1", port=port).difference_update_query(["host", "port"])
    settings = msgspec.structs.replace(settings, database_url=late.render_as_string(hide_password=False))
    headers = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    async with (
        serve(settings) as live,
        httpx.AsyncClient(base_url=live.url, headers=headers, timeout=TIMEOUT, trust_env=False) as client,
    ):
        assert (await client.get("/livez")).status_code == 200
        starting = await client.get("/readyz")
        assert (starting.status_code, starting.text) == (503, "starting")
        refused = await client.get("/api/admin/session")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert (await client.get("/metrics")).status_code == 200
        async with relay(port, url), asyncio.timeout(20):
            while (await client.get("/readyz")).status_code != 200:
                pass
            assert (await client.get("/api/admin/session")).status_code == 200
            assert (await client.get("/api/admin/system")).json()["database"] == "postgresql"


@contextlib.asynccontextmanager
async def relay(port: int, target: URL) -> AsyncIterator[None]:
    """Connects a TCP port with the PostgreSQL server of the tests."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = target.host or str(target.query["host"])
        if host.startswith("/"):
            there = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{target.query.get('port', 5432)}")
        else:
            there = await asyncio.open_connection(host, target.port or 5432)
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))

    async with await asyncio.start_server(connected, "127.0.0.1", port):
        yield


async def test_a_wrong_key_stops_the_start(settings: Settings) -> None:
    async with serve(settings):
        pass
    wrong = msgspec.structs.replace(settings, encryption_key="another key, and long enough to be one")
    with pytest.raises(KeyringError, match="ENCRYPTION_KEY"):
        async with create_app(wrong).lifespan():
            pass


async def test_a_stop_leaves_nothing_running(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    before = asyncio.all_tasks()
    with caplog.at_level(logging.WARNING):
        async with serve(settings) as live:
            services = live.gateway.services
            assert services is not None
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert services.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # the pool has a counter
    assert not caplog.records
