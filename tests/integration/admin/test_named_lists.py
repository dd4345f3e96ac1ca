"""Named lists over HTTP: by name, with versions, and in the way of rules that name what is not there."""

from typing import Any

import httpx


async def model(api: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    return await api.post("/models", json={"name": "meta-llama/Llama-3", **fields})


async def test_a_list_lives(api: httpx.AsyncClient) -> None:
    answer = await api.post("/lists", json={"name": "vip-keys", "entries": ["b", "a", "b"]})
    made = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, made["etag"])
    assert {key: made[key] for key in ("name", "entries", "entry_count", "notes", "used_by", "warnings")} == {
        "name": "vip-keys",
        "entries": ["b", "a"],
        "entry_count": 2,
        "notes": "",
        "used_by": [],
        "warnings": [],
    }
    assert (await api.get("/lists/vip-keys")).json() == made
    changed = await api.post(
        "/lists/vip-keys/entries", json={"add": ["c"], "remove": ["b"]}, headers={"if-match": made["etag"]}
    )
    assert (changed.status_code, changed.json()["entry_count"]) == (200, 2)
    assert "entries" not in changed.json()
    stale = await api.patch("/lists/vip-keys", json={"notes": "n"}, headers={"if-match": made["etag"]})
    assert (stale.status_code, stale.headers["etag"]) == (412, changed.headers["etag"])
    read = await api.patch("/lists/vip-keys", json={"notes": "n"})
    assert (read.json()["entries"], read.json()["notes"]) == (["a", "c"], "n")
    page = (await api.get("/lists", params={"search": "vip", "sort": "-updated_at"})).json()
    assert (page["total"], page["items"][0]["entry_count"], page["items"][0]["etag"]) == (
        1,
        2,
        read.headers["etag"],
    )
    assert (await api.delete("/lists/vip-keys")).status_code == 204
    assert (await api.get("/lists/vip-keys")).status_code == 404


async def test_what_is_refused(api: httpx.AsyncClient) -> None:
    for fields, pointer in (
        ({"name": "2fast"}, "/name"),
        ({"name": "$vip"}, "/name"),
        ({"name": "a-"}, "/name"),
        ({"name": "a b"}, "/name"),
        ({"name": "a", "entries": [""]}, "/entries/0"),
        ({"name": "a", "entries": ["x" * 201]}, "/entries/0"),
        ({"name": "a", "entries": ["\0"]}, "/entries/0"),
        ({"name": "a", "entries": [1]}, "/entries/0"),
        ({"name": "a", "entries": None}, "/entries"),
        ({"name": "a", "entry": []}, "/entry"),
    ):
        answer = await api.post("/lists", json=fields)
        assert (answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]) == (
            422,
            [pointer],
        )
    assert (await api.post("/lists/none/entries", json={})).status_code == 404


async def test_a_list_and_the_rules_that_name_it(api: httpx.AsyncClient) -> None:
    rule = "client.ip in $office"
    refused = await model(api, rule=rule)
    (fault,) = refused.json()["errors"]
    assert (refused.status_code, fault["code"], fault["span"]) == (
        422,
        "RULE_UNKNOWN_LIST",
        {"start": 13, "end": 20},
    )
    await api.post("/lists", json={"name": "office", "entries": ["203.0.113.0/24", "nobody"]})
    assert (await model(api, rule=rule)).status_code == 201
    read = (await api.get("/lists/office")).json()
    assert read["used_by"] == [
        {"model": "meta-llama/Llama-3", "target_id": None, "provider": None, "target_model": None}
    ]
    assert "no addresses" in read["warnings"][0]
    for answer in (
        await api.delete("/lists/office"),
        await api.patch("/lists/office", json={"name": "home"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "list_in_use")
        assert "meta-llama/Llama-3" in answer.json()["detail"]


async def test_a_large_list(api: httpx.AsyncClient) -> None:
    entries = [f"key-{number:05}" for number in range(50_000)]
    await api.post("/lists", json={"name": "large", "entries": entries})
    answer = await api.post("/lists/large/entries", json={"add": [f"more-{n:05}" for n in range(49_999)]})
    assert (answer.status_code, answer.json()["entry_count"]) == (200, 99_999)
    answer = await api.post("/lists/large/entries", json={"add": ["a", "b"], "remove": []})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_many_entries")
    revisions = (await api.get("/revisions", params={"resource": "named_list"})).json()
    assert revisions["total"] == 2
