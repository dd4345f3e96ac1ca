"""The id that an error shows leads to its record."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.live import Live


@pytest.fixture
async def key(api: httpx.AsyncClient) -> str:
    return str((await api.post("/api-keys", json={"name": "k"})).json()["value"])


async def record_of(api: httpx.AsyncClient, request_id: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:  # records are written a quarter of a second later
            answer = await api.get(f"/logs/{request_id}")
            if answer.status_code == 200:
                return dict(answer.json())


@pytest.mark.parametrize("path", ["chat/completions", "messages"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"model": "nobody", "messages": []}', 404, "model_not_found"),
        (b"{", 400, "invalid_json"),
    ],
)
async def test_errors_of_our_own(
    both: Live, api: httpx.AsyncClient, key: str, path: str, body: bytes, status: int, code: str
) -> None:
    async with httpx.AsyncClient(base_url=both.url, trust_env=False) as client:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        answer = await client.post(f"/v1/{path}", content=body, headers=headers)
    assert answer.status_code == status
    shown = answer.headers["x-request-id"]
    if path == "messages":
        assert answer.json()["request_id"] == shown
    record = await record_of(api, shown)
    assert (record["request_id"], record["status"], record["error_code"]) == (shown, status, code)
