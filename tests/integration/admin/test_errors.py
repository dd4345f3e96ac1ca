"""Every refusal of the admin API has one shape, a stable code, and a request id."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.problem import Problem
from app.config import Settings
from app.db.session import Database
from tests.integration.conftest import TIMEOUT
from tests.support.live import Live

TOKENS = "/api/admin/tokens"


@pytest.fixture
def settings(settings: Settings, database_url: str) -> Settings:
    """On both databases: each has its own limits for numbers and texts."""
    return msgspec.structs.replace(settings, database_url=database_url)


def problem(answer: httpx.Response) -> Problem:
    """The body, checked to be a whole problem that agrees with the head."""
    assert answer.headers["content-type"] == "application/problem+json"
    found = msgspec.json.decode(answer.content, type=Problem)
    assert found.status == answer.status_code
    assert found.request_id == answer.headers["x-request-id"]
    assert found.type.endswith(found.code)
    return found


async def test_every_answer_has_a_request_id_of_its_own(admin: httpx.AsyncClient) -> None:
    answers = [await admin.get(path) for path in (TOKENS, TOKENS, "/api/admin/nothing", TOKENS + "?page=0")]
    ids = [answer.headers.get_list("x-request-id") for answer in answers]
    assert all(len(found) == 1 for found in ids)
    assert len({found[0] for found in ids}) == 4
    forged = await admin.get(TOKENS, headers={"x-request-id": "mine"})
    assert forged.headers["x-request-id"] != "mine"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b'{"name": "x"} x', 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b'{"name": "\xff"}', 400, "invalid_json"),
        (b'{"name": "\\ud800"}', 400, "invalid_json"),
        (b"[" * 100_000, 422, "validation_failed"),
        (b"null", 422, "validation_failed"),
        (b"[]", 422, "validation_failed"),
        (b"{}", 422, "validation_failed"),
        (b'{"name": 5}', 422, "validation_failed"),
        (b'{"name": ""}', 422, "validation_failed"),
        (b'{"name": "a\\u0000b"}', 422, "validation_failed"),
        (b'{"name": "x", "expires_at": "tomorrow"}', 422, "validation_failed"),
        (b'{"name": "x", "expires_at": "2026-01-01T00:00:00"}', 422, "validation_failed"),
        (b'{"name": "x", "is_admin": true}', 422, "validation_failed"),
        (b'{"name": "' + b"x" * 2_000_000 + b'"}', 413, "request_too_large"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_bad_bodies(admin: httpx.AsyncClient, body: bytes, status: int, code: str) -> None:
    answer = await admin.post(TOKENS, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, problem(answer).code) == (status, code)


async def test_a_body_without_a_length_is_bounded_too(admin: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    answer = await admin.post(TOKENS, content=pieces(), headers={"content-type": "application/json"})
    assert problem(answer).status == 413


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"]
)
async def test_a_body_that_is_not_declared_as_json_is_refused(
    admin: httpx.AsyncClient, media_type: str
) -> None:
    answer = await admin.post(TOKENS, content=b'{"name": "x"}', headers={"content-type": media_type})
    assert (answer.status_code, problem(answer).code) == (415, "unsupported_media_type")


async def test_faults_point_at_fields_and_parameters(admin: httpx.AsyncClient) -> None:
    unknown = problem(await admin.post(TOKENS, json={"name": "x", "expire_at": None}))
    assert [(e.pointer, e.code, e.suggestion) for e in unknown.errors] == [
        ("/expire_at", "unknown_field", "expires_at")
    ]
    page = problem(await admin.get(TOKENS, params={"page": "x", "page_size": 201}))
    assert {(e.pointer, e.code) for e in page.errors} == {
        ("/page", "wrong_type"),
        ("/page_size", "out_of_range"),
    }
    assert page.status == 422


@pytest.mark.parametrize("path", ["/api/admin", "/api/admin/", "/api/admin/nothing", "/api", "/x%00"])
async def test_unknown_paths(admin: httpx.AsyncClient, path: str) -> None:
    assert problem(await admin.get(path)).code == "not_found"


@pytest.mark.parametrize("token_id", ["0", "-1", str(2**63), "9" * 40, "1e3", "x", "٣"])
async def test_ids_that_nothing_can_have(admin: httpx.AsyncClient, token_id: str) -> None:
    assert problem(await admin.delete(f"{TOKENS}/{token_id}")).code == "not_found"


@pytest.mark.parametrize("method", ["PATCH", "PUT", "TRACE", "OPTIONS"])
async def test_other_methods_learn_which_are_allowed(admin: httpx.AsyncClient, method: str) -> None:
    answer = await admin.request(method, TOKENS)
    assert problem(answer).code == "method_not_allowed"
    assert answer.headers["allow"] == "GET, POST"


async def test_a_host_that_is_none_is_refused(admin: httpx.AsyncClient) -> None:
    answer = await admin.get(TOKENS, headers={"host": "x/abc?"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path", ["//api/admin/tokens", "/API/admin/tokens", "/api/admin/tokens;a", "/api/admin/x/../tokens"]
)
async def test_odd_spellings_of_a_path_open_nothing(live: Live, path: str) -> None:
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
        request = client.build_request("GET", live.url + "/")
        request.url = request.url.copy_with(raw_path=path.encode())
        answer = await client.send(request)
    assert answer.status_code in (401, 404)


async def test_parameters_nobody_knows_are_refused(admin: httpx.AsyncClient) -> None:
    found = problem(await admin.get(TOKENS, params={"pagesize": "5", "page": "1"}))
    assert [(e.pointer, e.code, e.suggestion) for e in found.errors] == [
        ("/pagesize", "unknown_parameter", "page_size")
    ]
    assert found.status == 422


@pytest.mark.parametrize("value", ["2026", "0.5", "-1", "1e9"])
async def test_a_number_is_no_time(admin: httpx.AsyncClient, value: str) -> None:
    found = problem(await admin.get("/api/admin/logs", params={"start_time": value}))
    assert [(e.pointer, e.code) for e in found.errors] == [("/start_time", "wrong_type")]


async def test_answers_are_kept_by_no_cache(admin: httpx.AsyncClient) -> None:
    for path in (TOKENS, TOKENS + "?page=0"):
        assert (await admin.get(path)).headers["cache-control"] == "no-store"


async def test_a_failed_commit_is_the_answer(
    live: Live, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The handler has built its answer by then; it must not go out, and no row may stay."""
    commit = AsyncSession.commit

    async def fails(self: AsyncSession) -> None:
        await self.flush()
        raise OperationalError("COMMIT", {"name": "s3cret"}, ValueError("s3cret"))

    monkeypatch.setattr(AsyncSession, "commit", fails)
    with caplog.at_level(logging.CRITICAL):
        answer = await admin.post(TOKENS, json={"name": "lost"})
    monkeypatch.setattr(AsyncSession, "commit", commit)
    assert problem(answer).code in ("unavailable", "internal_error")
    assert "s3cret" not in answer.text
    assert (await admin.get(TOKENS)).json()["total"] == 0
    assert (await admin.post(TOKENS, json={"name": "kept"})).status_code == 201


async def test_a_bug_is_told_to_the_log_only(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Database) -> Any:
        raise ZeroDivisionError("s3cret")

    monkeypatch.setattr(Database, "transaction", broken)
    answer = await admin.post(TOKENS, json={"name": "x"})
    found = problem(answer)
    assert (found.status, found.code) == (500, "internal_error")
    assert "s3cret" not in answer.text
    (record,) = [r for r in caplog.records if r.name == "app.api.errors"]
    assert found.request_id in record.getMessage()
    assert record.exc_info is not None


async def test_refused_parameters_leave_no_session_behind(
    live: Live, admin: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Litestar resolves dependencies side by side; one that is refused must not leave the other's transaction open."""
    for _ in range(20):
        assert (await admin.get("/api/admin/logs", params={"status_min": "x"})).status_code == 422
        assert (await admin.get(TOKENS, params={"page": "x"})).status_code == 422
        assert (await admin.delete(f"{TOKENS}/0")).status_code == 404
        assert (await admin.post(TOKENS, json={"name": ""})).status_code == 422
    async with asyncio.timeout(5):
        assert (await admin.post(TOKENS, json={"name": "x"})).status_code == 201
    services = live.gateway.services
    assert services is not None
    assert services.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # the pool has a counter
    gc.collect()  # what was forgotten complains when it is collected
    assert not caplog.records


async def test_paths_of_the_proxy_get_their_own_dialect(admin: httpx.AsyncClient) -> None:
    openai = (await admin.get("/v1/nothing")).json()
    assert set(openai["error"]) == {"message", "type", "param", "code"}
    anthropic = (await admin.get("/v1/messages/nothing")).json()
    assert anthropic["type"] == "error"
    by_header = (await admin.get("/v1/nothing", headers={"anthropic-version": "2023-06-01"})).json()
    assert by_header["type"] == "error"
