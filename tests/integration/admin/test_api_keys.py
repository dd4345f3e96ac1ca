"""API keys over HTTP: a value is seen once."""

from typing import Any

import httpx

from app.common.secrets import is_well_formed

KEY = {
    "name": "Größe 1",
    "allowed_models": ["a"],
    "requests_per_minute": 60,
    "tags": ["x", "y"],
    "metadata": {"team": "a", "level": 3, "share": 0.5, "trial": True},
    "is_active": True,
    "expires_at": "2030-01-02T03:04:05.000006Z",
}


async def create(api: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await api.post("/api-keys", json={"name": "k", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_what_is_accepted_is_read_back_equal(api: httpx.AsyncClient) -> None:
    await api.post("/models", json={"name": "a"})
    made = await create(api, **KEY)
    assert {name: made[name] for name in KEY} == KEY
    value = made.pop("value")
    assert is_well_formed(value)
    assert (made["prefix"], made["last4"]) == (value[:8], value[-4:])
    read = await api.get(f"/api-keys/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, made["etag"])
    assert (await api.get("/api-keys")).json()["items"] == [made]


async def test_a_value_is_shown_once(api: httpx.AsyncClient) -> None:
    made = await create(api)
    path = f"/api-keys/{made['id']}"
    rotated = (await api.post(f"{path}/rotate", json={})).json()
    answers = [
        await api.get(path),
        await api.get("/api-keys"),
        await api.get("/revisions"),
        await api.patch(path, json={"name": "other"}),
        await api.post(f"{path}/disable"),
    ]
    for value in (made["value"], rotated["value"]):
        assert all(value not in answer.text for answer in answers)


async def test_a_life(api: httpx.AsyncClient) -> None:
    made = await create(api)
    path = f"/api-keys/{made['id']}"
    disabled = await api.post(f"{path}/disable", headers={"if-match": made["etag"]})
    assert (disabled.status_code, disabled.json()["is_active"]) == (200, False)
    assert (await api.post(f"{path}/enable", headers={"if-match": made["etag"]})).status_code == 412
    assert (await api.post(f"{path}/enable")).json()["is_active"] is True
    rotated = (await api.post(f"{path}/rotate", json={"overlap_seconds": 60})).json()
    assert rotated["value"] != made["value"]
    assert rotated["previous_valid_until"] is not None
    assert (await api.post(f"{path}/rotate", json={"overlap_seconds": 0})).json()[
        "previous_valid_until"
    ] is None
    expired = await api.patch(path, json={"expires_at": "2020-01-01T00:00:00+05:30"})
    assert expired.json()["expires_at"] == "2019-12-31T18:30:00Z"
    assert (await api.patch(path, json={"expires_at": None})).json()["expires_at"] is None
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404
    assert (await api.post(f"{path}/rotate", json={})).status_code == 404


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "/name"),
    ({"name": "a\0"}, "/name"),
    ({"allowed_models": ["none"]}, "/allowed_models/0"),
    ({"requests_per_minute": 0}, "/requests_per_minute"),
    ({"tags": ["\0"]}, "/tags/0"),
    ({"tags": None}, "/tags"),
    ({"metadata": {"a": None}}, "/metadata"),
    ({"metadata": {"a": 2**60}}, "/metadata"),
    ({"metadata": {"a": {}}}, "/metadata"),
    ({"expires_at": "2030-01-01T00:00:00"}, "/expires_at"),
    ({"expires_at": 5}, "/expires_at"),
    ({"value": "gwk_mine"}, "/value"),
]


async def test_what_is_refused(admin: httpx.AsyncClient) -> None:
    for fields, pointer in REFUSED:
        answer = await admin.post("/api/admin/api-keys", json={"name": "k", **fields})
        assert answer.status_code == 422, fields
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await admin.get("/api/admin/api-keys")).json()["total"] == 0
