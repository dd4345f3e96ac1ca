"""The state of the gateway, and the check of a rule."""

import httpx
import pytest

from app import __version__
from tests.integration.conftest import ADMIN_TOKEN
from tests.support.live import Live


async def test_the_system_tells_its_state(live: Live, admin: httpx.AsyncClient) -> None:
    before = (await admin.get("/api/admin/system")).json()
    assert before["version"] == __version__
    assert before["database"] == "sqlite"
    assert before["configuration"] == {
        "revision": 0,
        "fresh": True,
        "models": 0,
        "api_keys": 0,
        "problems": [],
    }
    assert before["log"]["queued"] == before["log"]["dropped"] == 0
    assert before["uptime_seconds"] >= 0
    assert (await admin.post("/api/admin/api-keys", json={"name": "mine"})).status_code == 201
    after = (await admin.get("/api/admin/system")).json()
    assert after["configuration"]["revision"] > 0
    assert after["configuration"]["api_keys"] == 1


async def test_settings_are_shown_but_not_their_secrets(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/api/admin/system")
    settings = {setting["name"]: setting for setting in answer.json()["settings"]}
    assert settings["PORT"]["value"] == "8000"
    assert settings["DEBUG"]["value"] == "false"
    for name in ("ADMIN_TOKEN", "ENCRYPTION_KEY"):
        assert settings[name] | {"description": ""} == {
            "name": name,
            "description": "",
            "source": "argument",
            "value": None,
            "is_secret": True,
            "is_set": True,
        }
    assert ADMIN_TOKEN not in answer.text
    assert all(setting["description"] for setting in settings.values())


@pytest.mark.parametrize("text", ["", "stream", 'headers.x-priority == "high" and body.temperature <= 0.5'])
async def test_a_good_rule(admin: httpx.AsyncClient, text: str) -> None:
    answer = await admin.post("/api/admin/rules/check", json={"text": text})
    found = answer.json()
    assert (answer.status_code, found["valid"], found["diagnostics"]) == (200, True, [])


async def test_a_bad_rule_is_shown_where_it_is_bad(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/admin/rules/check", json={"text": 'headers.x-priority = "high"'})
    assert answer.status_code == 200
    (found,) = answer.json()["diagnostics"]
    assert answer.json()["valid"] is False
    assert (found["code"], found["severity"]) == ("RULE_FOREIGN_SPELLING", "error")
    assert found["span"] == {"start": 19, "end": 20}
    assert (found["line"], found["column"]) == (1, 20)
    assert found["edit"] == {"span": {"start": 19, "end": 20}, "text": "=="}


async def test_a_warning_leaves_a_rule_valid(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/admin/rules/check", json={"text": 'headers.x-missing != "1"'})
    assert answer.json()["valid"] is True
    assert [found["severity"] for found in answer.json()["diagnostics"]] == ["warning"]


async def test_a_huge_text_is_answered_at_once(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/admin/rules/check", json={"text": "(" * 100_000})
    assert [found["code"] for found in answer.json()["diagnostics"]] == ["RULE_TOO_LONG"]
