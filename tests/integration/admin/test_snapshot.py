"""A write is served by the time it is answered, by the process that took it; by others after their next poll."""

import httpx

from app.config import Settings
from tests.integration.conftest import ADMIN_TOKEN
from tests.support.live import Live, serve


async def configure(api: httpx.AsyncClient) -> str:
    body = {
        "name": "p",
        "protocol": "openai",
        "base_url": "https://api.example.com",
        "credential": "sk-secret-1",
    }
    provider = (await api.post("/providers", json=body)).json()
    target = {"provider_id": provider["id"], "target_model": "t"}
    await api.post("/models", json={"name": "m", "targets": [target]})
    return str((await api.post("/api-keys", json={"name": "k", "allowed_models": ["m"]})).json()["value"])


def serves(live: Live, value: str) -> bool:
    assert live.gateway.services is not None
    snapshot = live.gateway.services.snapshot
    return "m" in snapshot.current.routes and snapshot.key_digest(value) in snapshot.current.keys


async def test_an_answered_write_is_served(both: Live, api: httpx.AsyncClient) -> None:
    value = await configure(api)
    assert serves(both, value)
    assert (await api.post("/api-keys/1/disable")).status_code == 200
    assert not serves(both, value)
    await api.post("/api-keys/1/enable")
    assert serves(both, value)
    await api.patch("/models/m", json={"is_active": False})
    assert not serves(both, value)


async def test_a_refused_write_changes_nothing(both: Live, api: httpx.AsyncClient) -> None:
    await configure(api)
    assert both.gateway.services is not None
    before = both.gateway.services.snapshot.current
    assert (await api.post("/models", json={"name": "m"})).status_code == 409
    assert (await api.patch("/models/m", json={"rule": "body.temprature > 1"})).status_code == 422
    assert (await api.delete("/providers/1")).status_code == 409
    assert both.gateway.services.snapshot.current is before


async def test_another_process_follows(database_url: str) -> None:
    settings = Settings(
        database_url=database_url,
        encryption_key="key-of-the-tests-0123456789-abcdefghijkl",
        admin_token=ADMIN_TOKEN,
        snapshot_poll_seconds=3600,
    )
    headers = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    async with serve(settings) as one, serve(settings) as two:
        async with httpx.AsyncClient(
            base_url=f"{one.url}/api/admin", headers=headers, trust_env=False
        ) as api:
            value = await configure(api)
        assert two.gateway.services is not None
        await two.gateway.services.snapshot.poll()
        assert serves(two, value)
