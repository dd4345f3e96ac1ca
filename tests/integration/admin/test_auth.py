"""Who gets into the admin API: set-up, login, logout, passwords, tokens, and nobody else."""

import asyncio
import re
from collections.abc import AsyncIterator
from http.cookies import Morsel, SimpleCookie
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar.routes import HTTPRoute

from app.common.secrets import new_api_key, new_value
from app.config import Settings
from app.services.login_limits import FAILURES
from tests.integration.conftest import TIMEOUT
from tests.support.live import Live

PASSWORD = "correct horse battery staple"
SAME_SITE = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def settings(
    settings: Settings, database_url: str, capsys: pytest.CaptureFixture[str], cheap_hashes: None
) -> Settings:
    """On both databases. Nobody can administer this gateway yet; `capsys` listens before it starts."""
    return msgspec.structs.replace(settings, database_url=database_url, admin_token=None)


@pytest.fixture
async def browser(live: Live) -> AsyncIterator[httpx.AsyncClient]:
    """Keeps cookies, and sends what a browser sends from our own pages."""
    async with httpx.AsyncClient(
        base_url=live.url, headers=SAME_SITE, timeout=TIMEOUT, trust_env=False
    ) as client:
        yield client


@pytest.fixture
async def anna(browser: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> httpx.AsyncClient:
    """The first administrator, logged in."""
    token = printed_token(capsys)
    body = {"token": token, "name": "anna", "password": PASSWORD}
    answer = await browser.post("/api/admin/setup", json=body)
    assert answer.status_code == 201
    return browser


def printed_token(capsys: pytest.CaptureFixture[str]) -> str:
    found = re.search(r"setup token[^:]*: (\S+)", capsys.readouterr().err)
    assert found is not None
    return found[1]


def cookie_of(answer: httpx.Response) -> Morsel[str]:
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel


async def stored(live: Live) -> str:
    """All rows that could hold a secret of an administrator."""
    services = live.gateway.services
    assert services is not None
    async with services.database.read() as session:
        connection = await session.connection()
        tables = ("admin_user", "admin_session", "admin_token", "revision")
        return str([(await connection.exec_driver_sql(f"SELECT * FROM {table}")).all() for table in tables])


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_the_printed_token_makes_one_administrator(
    live: Live, browser: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    token = printed_token(capsys)
    body = {"token": token, "name": "anna", "password": PASSWORD}
    assert (await browser.get("/api/admin/setup")).json() == {"required": True}
    assert code_of(await browser.post("/api/admin/setup", json=body | {"token": "wrong"})) == (
        403,
        "forbidden",
    )
    assert code_of(await browser.post("/api/admin/setup", json=body | {"password": "short"})) == (
        422,
        "validation_failed",
    )
    both = await asyncio.gather(
        *(browser.post("/api/admin/setup", json=body | {"name": n}) for n in ("anna", "bert"))
    )
    assert sorted(answer.status_code for answer in both) == [201, 404]
    assert (await browser.get("/api/admin/setup")).json() == {"required": False}
    assert code_of(await browser.post("/api/admin/setup", json=body)) == (404, "not_found")
    rows = await stored(live)
    assert "'anna'" in rows or "'bert'" in rows
    assert token not in rows
    assert PASSWORD not in rows


async def test_login_sets_a_cookie_that_scripts_and_other_sites_cannot_use(
    live: Live, anna: httpx.AsyncClient
) -> None:
    first = await anna.post("/api/admin/session", json={"name": "anna", "password": PASSWORD})
    second = await anna.post("/api/admin/session", json={"name": "anna", "password": PASSWORD})
    assert first.status_code == 201
    assert first.json()["name"] == "anna"
    cookie = cookie_of(first)
    assert cookie.key == "gw_session"
    assert len(cookie.value) >= 43
    assert cookie.value not in await stored(live)
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"], cookie["secure"]) == (
        True,
        "strict",
        "/",
        "",
    )
    assert cookie_of(second).value != cookie.value
    assert (await anna.get("/api/admin/session")).json()["kind"] == "session"
    bearer = await anna.get("/api/admin/session", headers={"authorization": f"Bearer {cookie.value}"})
    assert code_of(bearer) == (401, "unauthenticated")


async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(anna: httpx.AsyncClient) -> None:
    answers = [
        await anna.post("/api/admin/session", json={"name": name, "password": "wrong " + PASSWORD})
        for name in ("anna", "nobody", "\0", "x" * 64)
    ]
    texts = {str({k: v for k, v in answer.json().items() if k != "request_id"}) for answer in answers}
    assert len(texts) == 1
    assert code_of(answers[0]) == (401, "unauthenticated")


async def test_logout_makes_a_copied_cookie_worthless(live: Live, anna: httpx.AsyncClient) -> None:
    copied = dict(anna.cookies)
    answer = await anna.delete("/api/admin/session")
    assert answer.status_code == 204
    assert cookie_of(answer)["max-age"] == "0"
    async with httpx.AsyncClient(
        base_url=live.url, cookies=copied, timeout=TIMEOUT, trust_env=False
    ) as thief:
        assert code_of(await thief.get("/api/admin/session")) == (401, "unauthenticated")


async def test_a_new_password_ends_all_other_sessions(live: Live, anna: httpx.AsyncClient) -> None:
    copied = dict(anna.cookies)
    body = {"current_password": "wrong", "new_password": "another long password"}
    assert code_of(await anna.put("/api/admin/session/password", json=body)) == (403, "forbidden")
    answer = await anna.put("/api/admin/session/password", json=body | {"current_password": PASSWORD})
    assert answer.status_code == 200
    assert (await anna.get("/api/admin/session")).status_code == 200
    async with httpx.AsyncClient(
        base_url=live.url, cookies=copied, timeout=TIMEOUT, trust_env=False
    ) as thief:
        assert (await thief.get("/api/admin/session")).status_code == 401
        old = await thief.post("/api/admin/session", json={"name": "anna", "password": PASSWORD})
        assert old.status_code == 401


async def test_the_eleventh_failed_login_has_to_wait(anna: httpx.AsyncClient) -> None:
    body = {"name": "anna", "password": "wrong"}
    answers = await asyncio.gather(*(anna.post("/api/admin/session", json=body) for _ in range(FAILURES + 5)))
    assert sorted(answer.status_code for answer in answers) == [401] * FAILURES + [429] * 5
    refused = await anna.post("/api/admin/session", json={"name": "anna", "password": PASSWORD})
    assert code_of(refused) == (429, "too_many_attempts")
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert (await anna.get("/api/admin/session")).status_code == 200


async def test_a_token_works_until_it_is_removed(live: Live, anna: httpx.AsyncClient) -> None:
    made = await anna.post("/api/admin/tokens", json={"name": "robot"})
    assert made.status_code == 201
    token, token_id = made.json()["token"], made.json()["id"]
    assert re.fullmatch(r"gwa_[0-9A-Za-z]{38}", token)
    assert token.endswith(made.json()["hint"])
    assert code_of(await anna.post("/api/admin/tokens", json={"name": "robot"})) == (409, "name_taken")
    async with httpx.AsyncClient(base_url=live.url, timeout=TIMEOUT, trust_env=False) as robot:
        robot.headers["authorization"] = f"Bearer {token}"
        assert (await robot.get("/api/admin/session")).json() == {
            "kind": "token",
            "name": "robot",
            "expires_at": None,
        }
        listed = await robot.get("/api/admin/tokens")
        assert [item["name"] for item in listed.json()["items"]] == ["robot"]
        assert token not in listed.text
        assert token not in await stored(live)
        body = {"current_password": PASSWORD, "new_password": PASSWORD}
        assert code_of(await robot.put("/api/admin/session/password", json=body)) == (403, "forbidden")
        assert (await robot.get("/v1/models")).status_code == 401
        assert (await robot.delete("/api/admin/session")).status_code == 204
        assert (await robot.delete(f"/api/admin/tokens/{token_id}")).status_code == 204
        assert code_of(await robot.get("/api/admin/session")) == (401, "unauthenticated")
    assert code_of(await anna.delete(f"/api/admin/tokens/{token_id}")) == (404, "not_found")


async def test_a_token_ends_when_it_should(live: Live, anna: httpx.AsyncClient) -> None:
    body = {"name": "old", "expires_at": "2020-01-01T00:00:00Z"}
    token = (await anna.post("/api/admin/tokens", json=body)).json()["token"]
    async with httpx.AsyncClient(base_url=live.url, timeout=TIMEOUT, trust_env=False) as robot:
        robot.headers["authorization"] = f"Bearer {token}"
        assert code_of(await robot.get("/api/admin/session")) == (401, "unauthenticated")


CREDENTIALS: list[dict[bytes, bytes]] = [
    {},
    {b"authorization": b"Bearer"},
    {b"authorization": b"Basic YW5uYTp4"},
    {b"authorization": b"Bearer " + new_api_key().encode()},
    {b"authorization": b"Bearer " + new_value("gwa_").encode()},
    {b"authorization": b"Bearer " + b"x" * 10_000},
    {b"authorization": b"Bearer \xff"},
    {b"x-api-key": new_api_key().encode()},
    {b"cookie": b"gw_session=guess"},
    {b"cookie": b"__Host-gw_session=guess"},
]


async def test_nothing_else_opens_any_route(live: Live) -> None:
    """Every route of the application but those that are open by purpose."""
    opened = {
        ("GET", "/api/admin/setup"),
        ("POST", "/api/admin/setup"),
        ("POST", "/api/admin/session"),
        ("GET", "/livez"),
        ("GET", "/readyz"),
        ("HEAD", "/livez"),
        ("HEAD", "/readyz"),
        ("OPTIONS", "/livez"),
        ("OPTIONS", "/readyz"),
        ("OPTIONS", "/metrics"),
    }
    closed = {
        route for route in routes_of(live) - opened if not route[1].startswith("/v1") and route[1] != "/"
    }
    assert opened <= routes_of(live)
    assert ("GET", "/schema/openapi.json") in closed
    async with httpx.AsyncClient(
        base_url=live.url, headers={"via": "another machine"}, timeout=TIMEOUT, trust_env=False
    ) as client:
        for number, (method, path) in enumerate(sorted(closed)):
            body: dict[str, str] | None = {} if method in ("POST", "PUT", "PATCH") else None
            answer = await client.request(method, path, json=body)
            assert code_of(answer) == (401, "unauthenticated"), (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            wrong = CREDENTIALS[number % len(CREDENTIALS)]
            answer = await client.request(method, path, json=body, headers=wrong)
            assert answer.status_code in (401, 403), (method, path, wrong)


async def test_no_wrong_credential_is_taken_for_a_right_one(live: Live) -> None:
    async with httpx.AsyncClient(base_url=live.url, timeout=TIMEOUT, trust_env=False) as client:
        for wrong in CREDENTIALS:
            answer = await client.get("/api/admin/tokens", headers=wrong)
            assert code_of(answer) == (401, "unauthenticated"), wrong


def routes_of(live: Live) -> set[tuple[str, str]]:
    """Method and path of all HTTP routes, with values for their parameters."""
    return {
        (method, re.sub(r"\{[^}]+\}", "1", re.sub(r"\{[^}]+:uuid\}", str(UUID(int=0)), route.path)))
        for route in live.app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
    }
