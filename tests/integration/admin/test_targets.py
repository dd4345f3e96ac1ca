"""Targets over HTTP: under a model, in its order, with versions of their own."""

from typing import Any

import httpx
import pytest

TARGETS = "/models/meta-llama%2FLlama-3/targets"


@pytest.fixture
async def target(api: httpx.AsyncClient) -> dict[str, Any]:
    """The fields of a target of a provider that exists, under a model that exists."""
    body = {"name": "openai", "protocol": "openai", "base_url": "https://api.example.com"}
    provider = (await api.post("/providers", json=body)).json()
    await api.post("/models", json={"name": "meta-llama/Llama-3"})
    return {"provider_id": provider["id"], "target_model": "t"}


async def test_a_target_lives(api: httpx.AsyncClient, target: dict[str, Any]) -> None:
    model = (await api.get("/models/meta-llama%2FLlama-3")).json()
    answer = await api.post(TARGETS, json=target)
    made = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, made["etag"])
    path = f"{TARGETS}/{made['id']}"
    assert (await api.get(path)).json() == made
    changed = await api.patch(
        path, json={"weight": 7, "rule": "body.stream"}, headers={"if-match": made["etag"]}
    )
    assert changed.json() == {
        **made,
        "weight": 7,
        "rule": "body.stream",
        "etag": changed.headers["etag"],
        "updated_at": changed.json()["updated_at"],
    }
    assert (await api.patch(path, json={"weight": 8}, headers={"if-match": made["etag"]})).status_code == 412
    after = (await api.get("/models/meta-llama%2FLlama-3")).json()
    assert after["targets"] == [changed.json()]
    assert after["etag"] != model["etag"]
    assert (await api.delete(path, headers={"if-match": made["etag"]})).status_code == 412
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"provider_id": 99}, "/provider_id"),
    ({"rule": "body.temprature > 1"}, "/rule"),
    ({"weight": 0}, "/weight"),
    ({"priority": -1}, "/priority"),
    ({"target_model": ""}, "/target_model"),
    ({"target_model": None}, "/target_model"),
]


async def test_what_is_refused(api: httpx.AsyncClient, target: dict[str, Any]) -> None:
    made = (await api.post(TARGETS, json=target)).json()
    for fields, pointer in REFUSED:
        for answer in (
            await api.post(TARGETS, json={**target, **fields}),
            await api.patch(f"{TARGETS}/{made['id']}", json=fields),
        ):
            assert answer.status_code == 422, fields
            assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert (await api.get(TARGETS)).json() == {"items": [made]}


async def test_order(api: httpx.AsyncClient, target: dict[str, Any]) -> None:
    ids = [(await api.post(TARGETS, json={**target, "priority": n})).json()["id"] for n in range(3)]
    turned = [ids[2], ids[0], ids[1]]
    answer = await api.put(f"{TARGETS}/order", json={"target_ids": turned})
    assert [item["id"] for item in answer.json()["items"]] == turned
    for wrong in (ids[:2], [*ids, ids[0]], [*ids[:2], 99], []):
        refused = await api.put(f"{TARGETS}/order", json={"target_ids": wrong})
        assert refused.json()["errors"][0]["pointer"] == "/target_ids"
    assert [item["id"] for item in (await api.get(TARGETS)).json()["items"]] == turned


async def test_under_another_model(api: httpx.AsyncClient, target: dict[str, Any]) -> None:
    made = (await api.post(TARGETS, json=target)).json()
    await api.post("/models", json={"name": "other"})
    assert (await api.get(f"/models/other/targets/{made['id']}")).status_code == 404
    assert (await api.delete(f"/models/other/targets/{made['id']}")).status_code == 404
    assert (await api.post("/models/none/targets", json=target)).status_code == 404
    assert (await api.get("/models/none/targets")).status_code == 404
