"""Requests that a page of another site makes a browser send, and cookies behind a proxy."""

import httpx
import msgspec
import pytest

from app.config import Settings
from tests.integration.conftest import ADMIN_TOKEN, TIMEOUT
from tests.support.live import Live

PASSWORD = "correct horse battery staple"


@pytest.fixture
def settings(settings: Settings, cheap_hashes: None) -> Settings:
    """`ADMIN_TOKEN` serves as the setup token too."""
    return msgspec.structs.replace(settings, trusted_proxies="127.0.0.1/32")


async def login(live: Live, client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    body = {"token": ADMIN_TOKEN, "name": "anna", "password": PASSWORD}
    answer = await client.post(
        "/api/admin/setup", json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    assert answer.status_code == 201
    return answer


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": "http://HOST"}, True),
        ({"origin": "https://HOST"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "http://HOST"}, True),
        ({}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://HOST.evil.example"}, False),
        ({"origin": "http://127.0.0.1:1"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://HOST"}, False),
    ],
)
async def test_a_cookie_alone_changes_nothing_from_elsewhere(
    live: Live, admin: httpx.AsyncClient, headers: dict[str, str], allowed: bool
) -> None:
    host = live.url.removeprefix("http://")
    sent = {name: value.replace("HOST", host) for name, value in headers.items()}
    async with httpx.AsyncClient(base_url=live.url, timeout=TIMEOUT, trust_env=False) as client:
        await login(live, client)
        assert (await client.get("/api/admin/session", headers=sent)).status_code == 200
        answer = await client.post("/api/admin/tokens", json={"name": "robot"}, headers=sent)
        form = await client.post("/api/admin/tokens", data={"name": "robot"}, headers=sent)
    assert answer.status_code == (201 if allowed else 403)
    assert form.status_code == (415 if allowed else 403)
    assert (await admin.get("/api/admin/tokens")).json()["total"] == int(allowed)


async def test_a_login_from_another_site_is_refused(live: Live) -> None:
    async with httpx.AsyncClient(base_url=live.url, timeout=TIMEOUT, trust_env=False) as client:
        body = {"name": "anna", "password": PASSWORD}
        answer = await client.post("/api/admin/session", json=body, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403


async def test_over_https_the_cookie_is_bound_to_the_host(live: Live) -> None:
    async with httpx.AsyncClient(base_url=live.url, timeout=TIMEOUT, trust_env=False) as client:
        answer = await login(live, client, x_forwarded_proto="https")
        cookie = answer.headers["set-cookie"]
        value = cookie.partition(";")[0].partition("=")[2]
        assert cookie.startswith("__Host-gw_session=")
        assert "Secure" in cookie
        assert "Domain" not in cookie
        client.cookies.clear()
        for name, proto, status in (
            ("__Host-gw_session", "https", 200),
            ("gw_session", "https", 401),
            ("__Host-gw_session", "http", 401),
        ):
            headers = {"cookie": f"{name}={value}", "x-forwarded-proto": proto}
            assert (await client.get("/api/admin/session", headers=headers)).status_code == status


async def test_the_admin_token_of_the_environment_is_enough(admin: httpx.AsyncClient) -> None:
    assert (await admin.get("/api/admin/session")).json()["kind"] == "environment"
    answer = await admin.get("/api/admin/session", headers={"authorization": f"Bearer {ADMIN_TOKEN}x"})
    assert answer.status_code == 401
