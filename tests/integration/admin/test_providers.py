"""Providers over HTTP."""

from pathlib import Path
from typing import Any

import httpx

CREDENTIAL = "sk-planted-credential-0123456789"
PROVIDER = {
    "name": "openai",
    "protocol": "openai",
    "base_url": "https://api.example.com/v1",
    "headers": {"X-Team": "a"},
    "connect_timeout": 2,
    "first_byte_timeout": None,
    "idle_timeout": 0.5,
    "total_timeout": None,
    "verify_tls": False,
    "is_active": False,
    "notes": "für später\nund so",
}


async def create(api: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await api.post("/providers", json={**PROVIDER, "credential": CREDENTIAL, **fields})
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == answer.json()["etag"]
    return dict(answer.json())


async def test_what_is_accepted_is_read_back_equal(api: httpx.AsyncClient) -> None:
    made = await create(api)
    assert {name: made[name] for name in PROVIDER} == PROVIDER
    assert (made["credential_set"], made["credential_hint"]) == (True, "6789")
    read = await api.get(f"/providers/{made['id']}")
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, made, made["etag"])


async def test_a_credential_is_found_nowhere(api: httpx.AsyncClient) -> None:
    made = await create(api)
    path = f"/providers/{made['id']}"
    answers = [
        await api.get(path),
        await api.get("/providers"),
        await api.get("/revisions"),
        await api.patch(path, json={"credential": CREDENTIAL, "notes": "n"}),
        await api.patch(path, json={"credential": CREDENTIAL, "name": 5}),
        await api.patch(path, json={"credential": CREDENTIAL, "base_url": "http://169.254.169.254"}),
        await api.patch(path, json={"credential": CREDENTIAL + " "}),
        await api.patch(path, json={"base_url": "https://other.example.com"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 422, 422, 422, 409]
    assert all(CREDENTIAL not in answer.text for answer in answers)


def stored_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_secrets_are_in_no_file(admin: httpx.AsyncClient, tmp_path: Path) -> None:
    await admin.post("/api/admin/providers", json={**PROVIDER, "credential": CREDENTIAL})
    key = (await admin.post("/api/admin/api-keys", json={"name": "planted-name"})).json()["value"]
    content = stored_bytes(tmp_path)
    assert b"planted-name" in content
    assert CREDENTIAL.encode() not in content
    assert key.encode() not in content


async def test_a_patch_merges(api: httpx.AsyncClient) -> None:
    made = await create(api)
    path = f"/providers/{made['id']}"
    changed = (await api.patch(path, json={"connect_timeout": None, "headers": {}})).json()
    assert changed == {
        **made,
        "connect_timeout": None,
        "headers": {},
        "etag": changed["etag"],
        "updated_at": changed["updated_at"],
    }
    assert changed["etag"] != made["etag"]
    same = await api.patch(path, json={})
    assert (same.status_code, same.json()) == (200, changed)
    cleared = (await api.patch(path, json={"credential": None})).json()
    assert (cleared["credential_set"], cleared["credential_hint"]) == (False, None)
    by_env = (await api.patch(path, json={"credential": "env:SOME_KEY"})).json()
    assert (by_env["credential_set"], by_env["credential_hint"]) == (True, "env:SOME_KEY")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "/name"),
    ({"name": "a\n"}, "/name"),
    ({"name": "ä"}, "/name"),
    ({"name": "a\0b"}, "/name"),
    ({"name": None}, "/name"),
    ({"notes": "a\0b"}, "/notes"),
    ({"protocol": "smtp"}, "/protocol"),
    ({"connect_timeout": 0}, "/connect_timeout"),
    ({"connect_timeout": "5"}, "/connect_timeout"),
    ({"headers": {"a b": "c"}}, "/headers"),
    ({"headers": {"a": "b\r\nc: d"}}, "/headers"),
    ({"credential": ""}, "/credential"),
    ({"base_url": "api.example.com"}, "/base_url"),
    ({"base_url": "http://169.254.169.254/"}, "/base_url"),
    ({"base_url": "http://[::ffff:a9fe:a9fe]/"}, "/base_url"),
    ({"surprise": 1}, "/surprise"),
]


async def test_what_is_refused(admin: httpx.AsyncClient) -> None:
    for fields, pointer in REFUSED:
        answer = await admin.post("/api/admin/providers", json={**PROVIDER, **fields})
        assert answer.status_code == 422, fields
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert (await admin.get("/api/admin/providers")).json()["total"] == 0


async def test_lists(api: httpx.AsyncClient) -> None:
    for name in ("b", "a", "c"):
        await create(api, name=name, is_active=name != "c")
    answer = await api.get("/providers", params={"page_size": 2})
    assert [item["name"] for item in answer.json()["items"]] == ["a", "b"]
    assert {name: answer.json()[name] for name in ("total", "page", "page_size")} == {
        "total": 3,
        "page": 1,
        "page_size": 2,
    }

    async def names(**query: Any) -> list[str]:
        found = await api.get("/providers", params=query)
        assert found.status_code == 200, found.text
        return [item["name"] for item in found.json()["items"]]

    assert await names(sort="-id") == ["c", "a", "b"]
    assert await names(is_active=False) == ["c"]
    assert await names(search="A") == ["a"]
    assert await names(page=9) == []
    for wrong in (
        {"sort": "credential_ciphertext"},
        {"page": 0},
        {"page_size": 201},
        {"is_active": "perhaps"},
    ):
        assert (await api.get("/providers", params=wrong)).status_code == 422


async def test_versions(api: httpx.AsyncClient) -> None:
    made = await create(api)
    path = f"/providers/{made['id']}"
    changed = await api.patch(path, json={"notes": "1"}, headers={"if-match": made["etag"]})
    assert changed.status_code == 200
    late = await api.patch(path, json={"notes": "2"}, headers={"if-match": made["etag"]})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert late.headers["etag"] == changed.headers["etag"]
    assert (await api.delete(path, headers={"if-match": made["etag"]})).status_code == 412
    assert (await api.delete(path, headers={"if-match": changed.headers["etag"]})).status_code == 204
    for answer in (await api.get(path), await api.patch(path, json={}), await api.delete(path)):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_conflicts(api: httpx.AsyncClient) -> None:
    made = await create(api)
    again = await api.post("/providers", json=PROVIDER)
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")
    target = {"provider_id": made["id"], "target_model": "t"}
    assert (await api.post("/models", json={"name": "m/1", "targets": [target]})).status_code == 201
    used = await api.delete(f"/providers/{made['id']}")
    assert (used.status_code, used.json()["code"]) == (409, "provider_in_use")
    assert "m/1" in used.json()["detail"]
    moved = await api.patch(f"/providers/{made['id']}", json={"base_url": "https://other.example.com/v1"})
    assert (moved.status_code, moved.json()["code"]) == (409, "credential_required")


async def test_no_such_provider(api: httpx.AsyncClient) -> None:
    for provider_id in ("0", "-1", "99", str(2**63), "9" * 30, "x"):
        assert (await api.get(f"/providers/{provider_id}")).status_code == 404
