"""Models over HTTP, with names as they come: slashes, percent signs, and words that mean something in a path."""

from typing import Any
from urllib.parse import quote

import httpx

MODEL: dict[str, Any] = {
    "name": "meta-llama/Llama-3",
    "rule": 'headers.x-priority == "high" and body.temperature <= 0.5',
    "strategy": "least_latency",
    "retry_max_attempts": 2,
    "retry_delay_ms": 0,
    "retry_max_delay_ms": None,
    "max_attempts_total": 9,
    "final_statuses": [400, 422],
    "is_active": True,
    "notes": "",
}


async def provider(api: httpx.AsyncClient, name: str = "openai") -> int:
    body = {"name": name, "protocol": "openai", "base_url": "https://api.example.com"}
    return int((await api.post("/providers", json=body)).json()["id"])


async def test_what_is_accepted_is_read_back_equal(api: httpx.AsyncClient) -> None:
    target = {
        "provider_id": await provider(api),
        "target_model": "llama 3",
        "rule": "body.stream",
        "priority": 3,
        "weight": 2,
        "is_active": False,
    }
    answer = await api.post("/models", json={**MODEL, "targets": [target]})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert {name: made[name] for name in MODEL} == MODEL
    assert {name: made["targets"][0][name] for name in target} == target
    assert made["targets"][0]["provider"] == "openai"
    read = await api.get("/models/" + quote(MODEL["name"], safe=""))
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, made, made["etag"])
    assert (await api.get("/models")).json()["items"] == [made]


NAMES = [
    "gpt-4o",
    "meta-llama/Llama-3",
    "a/b/c",
    "/a//b/",
    "a%2Fb",
    "100%",
    "a?b#c",
    "a+b&c=d",
    "targets",
    "a/targets",
    "a/targets/1",
    "a/targets/order",
    "by:name@1",
    "...",
    "..a",
    "a/..",
    "x/../y",
    "~",
]


async def test_any_name_has_a_path(api: httpx.AsyncClient) -> None:
    provider_id = await provider(api)
    for name in NAMES:
        path = "/models/" + quote(name, safe="")
        target = {"provider_id": provider_id, "target_model": "t"}
        made = await api.post("/models", json={"name": name, "targets": [target]})
        assert made.status_code == 201
        assert (await api.get(path)).json()["name"] == name
        changed = await api.patch(path, json={"notes": "n"}, headers={"if-match": made.json()["etag"]})
        assert (changed.status_code, changed.json()["notes"]) == (200, "n")
        more = await api.post(f"{path}/targets", json=target)
        assert more.status_code == 201
        ids = [more.json()["id"], made.json()["targets"][0]["id"]]
        order = await api.put(f"{path}/targets/order", json={"target_ids": ids})
        assert [item["id"] for item in order.json()["items"]] == ids
        assert (await api.get(f"{path}/targets")).json() == order.json()
        assert (await api.get(f"{path}/targets/{ids[0]}")).status_code == 200
        assert (await api.delete(f"{path}/targets/{ids[0]}")).status_code == 204
        assert (await api.delete(path)).status_code == 204
        assert (await api.get(path)).status_code == 404


async def test_an_unescaped_slash_is_understood(api: httpx.AsyncClient) -> None:
    await api.post("/models", json={"name": "meta-llama/Llama-3"})
    for path in ("/models/meta-llama/Llama-3", "/models/meta-llama/Llama-3/", "/models/meta-llama%2fLlama-3"):
        assert (await api.get(path)).json()["name"] == "meta-llama/Llama-3"
    assert (await api.get("/models/meta-llama/Llama-3/targets")).json() == {"items": []}
    assert (await api.get("/models/meta-llama")).status_code == 404


async def test_odd_paths(api: httpx.AsyncClient) -> None:
    for path in ("/models/%00", "/models/%FF", "/models/%", "/models/a%00b/targets", "/models/%2E%2E"):
        assert (await api.get(path)).status_code == 404, path


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "a b"}, "/name"),
    ({"name": ".."}, "/name"),
    ({"name": "ä"}, "/name"),
    ({"name": "a\n"}, "/name"),
    ({"rule": "body.temprature > 1"}, "/rule"),
    ({"rule": "x" * 5000}, "/rule"),
    ({"strategy": "random"}, "/strategy"),
    ({"final_statuses": [500]}, "/final_statuses/0"),
    ({"retry_max_attempts": 0}, "/retry_max_attempts"),
    ({"targets": [{"provider_id": 99, "target_model": "t"}]}, "/targets/0/provider_id"),
    ({"targets": [{"provider_id": 2**53, "target_model": "t"}]}, "/targets/0/provider_id"),
]


async def test_what_is_refused(admin: httpx.AsyncClient) -> None:
    for fields, pointer in REFUSED:
        answer = await admin.post("/api/admin/models", json={**MODEL, **fields})
        assert answer.status_code == 422, fields
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await admin.get("/api/admin/models")).json()["total"] == 0


async def test_a_faulty_rule_is_explained(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/admin/models", json={"name": "m", "rule": "body.temprature > 1"})
    (fault,) = answer.json()["errors"]
    assert fault["code"] == "RULE_UNKNOWN_FIELD"
    assert fault["span"] == {"start": 0, "end": 15}
    assert "body.temperature" in fault["suggestion"]


async def test_a_new_name_is_a_new_path(api: httpx.AsyncClient) -> None:
    await api.post("/models", json={"name": "a"})
    await api.post("/models", json={"name": "b"})
    key = (await api.post("/api-keys", json={"name": "k", "allowed_models": ["a"]})).json()
    assert (await api.patch("/models/a", json={"name": "b"})).json()["code"] == "name_taken"
    assert (await api.patch("/models/a", json={"name": "c"})).status_code == 200
    assert (await api.get("/models/a")).status_code == 404
    assert (await api.get("/models/c")).status_code == 200
    assert (await api.get(f"/api-keys/{key['id']}")).json()["allowed_models"] == ["c"]
