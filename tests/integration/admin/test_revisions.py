"""Revisions over HTTP: every write leaves one, refused ones leave none."""

import httpx


async def test_the_history(api: httpx.AsyncClient) -> None:
    body = {
        "name": "p",
        "protocol": "openai",
        "base_url": "https://api.example.com",
        "credential": "sk-secret-1",
    }
    provider = (await api.post("/providers", json=body)).json()
    path = f"/providers/{provider['id']}"
    await api.post("/providers", json=body)
    await api.patch(path, json={"notes": "n", "credential": "sk-secret-2"})
    await api.patch(path, json={"notes": "n"})
    await api.patch(path, json={"notes": 5})
    await api.post(
        "/models", json={"name": "m/1", "targets": [{"provider_id": provider["id"], "target_model": "t"}]}
    )
    await api.delete("/models/m%2F1")
    await api.delete(path)

    answer = await api.get("/revisions")
    page = answer.json()
    assert [(item["action"], item["resource"], item["resource_name"]) for item in page["items"]] == [
        ("delete", "provider", "p"),
        ("delete", "model", "m/1"),
        ("delete", "target", "m/1"),
        ("create", "target", "m/1"),
        ("create", "model", "m/1"),
        ("update", "provider", "p"),
        ("create", "provider", "p"),
    ]
    assert (page["total"], page["page"], page["page_size"]) == (7, 1, 20)
    assert {(item["actor_kind"], item["actor_name"]) for item in page["items"]} == {
        ("environment", "ADMIN_TOKEN")
    }
    assert page["items"][5]["changes"] == {
        "notes": {"old": "", "new": "n"},
        "credential": {"old": "(changed)", "new": "(changed)"},
    }
    assert "sk-secret" not in answer.text
    ids = [item["id"] for item in page["items"]]
    assert ids == sorted(ids, reverse=True)

    async def total(**query: str | int) -> int:
        return int((await api.get("/revisions", params=query)).json()["total"])

    assert await total(resource="model") == 2
    assert await total(resource="provider", resource_id=provider["id"]) == 3
    assert await total(resource_name="m/1") == 4
    assert await total(resource_name="\0") == 0
    second = (await api.get("/revisions", params={"page": 2, "page_size": 4})).json()
    assert [item["id"] for item in second["items"]] == ids[4:]
