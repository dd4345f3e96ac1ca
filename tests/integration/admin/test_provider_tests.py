"""Connection tests and the impact of providers over HTTP. What they find: `unit/services/test_connection_test`."""

import json
from typing import Any

import httpx
import pytest

from tests.integration.admin.test_providers import CREDENTIAL, create
from tests.support.live import Live
from tests.support.logs import exchange, write
from tests.support.sockets import ScriptedUpstream, answer, chunk, head

MODELS = answer(b'{"data":[{"id":"listed"}]}')
CHAT = answer(b'{"choices":[]}')
STREAM = head() + chunk(b"data: [DONE]\n\n") + chunk(b"")


def upstream() -> ScriptedUpstream:
    return ScriptedUpstream([MODELS], [CHAT], [STREAM], [MODELS], [CHAT], [STREAM])


def bearers(server: ScriptedUpstream) -> set[str | None]:
    return {request.header("authorization") for request in server.requests}


def draft(server: ScriptedUpstream, **fields: Any) -> dict[str, Any]:
    return {"protocol": "openai", "base_url": server.url, **fields}


async def test_a_stored_provider_is_tested_with_its_credential(api: httpx.AsyncClient) -> None:
    async with upstream() as server:
        made = await create(api, base_url=server.url)
        path = f"/providers/{made['id']}/test"
        found = (await api.post(path, json={})).raise_for_status().json()
        named = (await api.post(path, json={"model": "named"})).raise_for_status().json()
    assert (found["ok"], found["model"], found["models"]) == (True, "listed", ["listed"])
    assert (named["ok"], named["model"]) == (True, "named")
    assert bearers(server) == {f"Bearer {CREDENTIAL}"}
    assert server.requests[0].header("x-team") == "a"


async def test_the_model_of_a_target_is_asked(api: httpx.AsyncClient) -> None:
    async with upstream() as server:
        made = await create(api, base_url=server.url)
        target = {"provider_id": made["id"], "target_model": "aimed-at"}
        (await api.post("/models", json={"name": "m", "targets": [target]})).raise_for_status()
        found = (await api.post(f"/providers/{made['id']}/test", json={})).json()
    assert (found["ok"], found["model"]) == (True, "aimed-at")


async def test_a_draft_is_tested_and_not_stored(api: httpx.AsyncClient) -> None:
    async with upstream() as server:
        body = draft(server, name="new", credential="typed", headers={"x-a": "b"}, notes="n", is_active=False)
        found = (await api.post("/providers/test", json=body)).raise_for_status().json()
    assert found["ok"]
    assert bearers(server) == {"Bearer typed"}
    assert server.requests[0].header("x-a") == "b"
    assert (await api.get("/providers")).json()["total"] == 0
    assert (await api.get("/logs")).json()["items"] == []


async def test_a_changed_provider_keeps_its_credential_at_its_host_only(api: httpx.AsyncClient) -> None:
    async with upstream() as server, upstream() as other:
        made = await create(api, base_url=f"{server.url}/old")
        body = draft(server, provider_id=made["id"])
        assert (await api.post("/providers/test", json=body)).raise_for_status().json()["ok"]
        assert server.requests[0].header("x-team") == "a"
        refused = await api.post("/providers/test", json=draft(other, provider_id=made["id"]))
        assert (refused.status_code, refused.json()["code"]) == (409, "credential_required")
        for credential in ("typed", None):
            said = draft(other, provider_id=made["id"], credential=credential)
            assert (await api.post("/providers/test", json=said)).raise_for_status().json()["ok"]
    assert bearers(server) == {f"Bearer {CREDENTIAL}"}
    assert bearers(other) == {"Bearer typed", None}


async def test_stages_come_as_lines(api: httpx.AsyncClient) -> None:
    async with upstream() as server:
        headers = {"accept": "application/x-ndjson"}
        told = await api.post("/providers/test", json=draft(server), headers=headers)
    assert (told.status_code, told.headers["content-type"]) == (200, "application/x-ndjson")
    *stages, result = map(json.loads, told.text.splitlines())
    assert [stage["name"] for stage in stages] == [stage["name"] for stage in result["stages"]]
    assert stages == result["stages"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"credential": "env:"}, "/credential"),
        ({"credential": "env:ENCRYPTION_KEY"}, "/credential"),
        ({"headers": {"authorization": "x"}}, "/headers/authorization"),
        ({"endpoint": "messages"}, "/endpoint"),
        ({"base_url": "http://a b"}, "/base_url"),
        ({"provider": 1}, "/provider"),
    ],
)
async def test_drafts_are_checked_as_when_they_are_saved(
    api: httpx.AsyncClient, fields: dict[str, Any], pointer: str
) -> None:
    body = {"protocol": "openai", "base_url": "http://127.0.0.1:9", **fields}
    refused = await api.post("/providers/test", json=body)
    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]


async def test_a_missing_variable_is_said_and_nothing_is_sent(api: httpx.AsyncClient) -> None:
    async with upstream() as server:
        body = draft(server, credential="env:NO_SUCH_VARIABLE_HERE")
        found = (await api.post("/providers/test", json=body)).raise_for_status().json()
    stage = found["stages"][4]
    assert (stage["status"], stage["cause"], stage["detail"]) == (
        "failed",
        "env_missing",
        "env:NO_SUCH_VARIABLE_HERE",
    )
    assert server.requests == []


async def test_there_must_be_such_a_provider(api: httpx.AsyncClient) -> None:
    body = {"protocol": "openai", "base_url": "http://127.0.0.1:9", "provider_id": 77}
    assert (await api.post("/providers/77/test", json={})).status_code == 404
    assert (await api.post("/providers/test", json=body)).status_code == 404
    assert (await api.get("/providers/77/impact")).status_code == 404


async def test_impact_counts_what_had_no_other_provider(api: httpx.AsyncClient, both: Live) -> None:
    made = await create(api, name="acme")
    (
        await api.post(
            "/models", json={"name": "m", "targets": [{"provider_id": made["id"], "target_model": "t"}]}
        )
    )
    now = both.gateway.started_at
    services = both.gateway.services
    assert services is not None

    def logged(seconds_ago: float, others: bool, **changes: Any) -> Any:
        fields = {"provider_id": made["id"], "provider": "acme", "request_time": now - seconds_ago}
        plain = exchange(**fields | changes)
        plain.trace[1].passed = others
        return plain

    await write(
        services.database,
        [
            logged(10, False, requested_model="a", api_key_id=1, api_key_name="one"),
            logged(20, False, requested_model="a", api_key_id=2, api_key_name="two"),
            logged(30, False, requested_model="b", api_key_id=1, api_key_name="one"),
            logged(40, True, requested_model="c"),
            logged(50, False, provider_id=made["id"] + 1),
            logged(90_000, False),
        ],
    )
    found = (await api.get(f"/providers/{made['id']}/impact")).raise_for_status().json()
    assert (found["requests"], found["judged"], found["without_other"]) == (4, 4, 3)
    assert (found["model_count"], found["key_count"], found["used_by"]) == (2, 2, ["m"])
    assert found["models"] == [
        {"id": None, "name": "a", "requests": 2},
        {"id": None, "name": "b", "requests": 1},
    ]
    assert found["keys"] == [{"id": 1, "name": "one", "requests": 2}, {"id": 2, "name": "two", "requests": 1}]
