"""Undoing revisions over HTTP."""

from typing import Any

import httpx
import pytest

PROVIDER = {"name": "p", "protocol": "openai", "base_url": "https://api.example.com", "notes": "one"}


@pytest.fixture
async def provider(api: httpx.AsyncClient) -> int:
    return int((await api.post("/providers", json=PROVIDER)).json()["id"])


@pytest.fixture
async def model(api: httpx.AsyncClient, provider: int) -> dict[str, Any]:
    targets = [{"provider_id": provider, "target_model": name} for name in ("a", "b", "c")]
    made = await api.post("/models", json={"name": "m/1", "rule": "stream", "targets": targets})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def newest(api: httpx.AsyncClient, **query: Any) -> int:
    found = await api.get("/revisions", params={"page_size": 1, **query})
    return int(found.json()["items"][0]["id"])


async def undo(api: httpx.AsyncClient, revision: int) -> dict[str, Any]:
    answer = await api.post(f"/revisions/{revision}/revert")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def refused(api: httpx.AsyncClient, revision: int) -> tuple[int, str, str]:
    before = await newest(api)
    answer = await api.post(f"/revisions/{revision}/revert")
    assert await newest(api) == before
    problem = answer.json()
    return answer.status_code, problem["code"], problem["detail"]


async def test_fields_get_their_old_values(api: httpx.AsyncClient, provider: int) -> None:
    await api.patch(f"/providers/{provider}", json={"notes": "two", "headers": {"x-a": "1"}, "name": "q"})
    change = await newest(api)
    done = await undo(api, change)
    assert (done["resource"], done["resource_id"], done["resource_name"], done["notes"]) == (
        "provider",
        provider,
        "p",
        [],
    )
    (revision,) = done["revisions"]
    assert (revision["action"], revision["id"]) == ("update", await newest(api))
    assert revision["changes"]["notes"] == {"old": "two", "new": "one"}
    found = (await api.get(f"/providers/{provider}")).json()
    assert (found["name"], found["notes"], found["headers"]) == ("p", "one", {})
    assert (await undo(api, revision["id"]))["resource_name"] == "q"


async def test_later_changes_are_named(api: httpx.AsyncClient, provider: int) -> None:
    await api.patch(f"/providers/{provider}", json={"notes": "two", "is_active": False})
    change = await newest(api)
    await api.patch(f"/providers/{provider}", json={"notes": "three"})
    later = await newest(api)
    status, code, detail = await refused(api, change)
    assert (status, code) == (409, "changed_since")
    assert f"`notes` was changed again by revision {later}." in detail
    assert "is_active" not in detail
    await api.delete(f"/providers/{provider}")
    _, code, detail = await refused(api, change)
    assert (code, detail) == ("changed_since", f"`p` was deleted by revision {await newest(api)}.")


async def test_what_was_made_goes_and_comes_back(api: httpx.AsyncClient, provider: int) -> None:
    made = await newest(api)
    done = await undo(api, made)
    assert done["resource_id"] is None
    assert (await api.get(f"/providers/{provider}")).status_code == 404
    done = await undo(api, done["revisions"][0]["id"])
    assert done["resource_id"] != provider
    assert done["notes"] == [f"The provider `p` has a new number: {done['resource_id']}; it was {provider}."]
    found = (await api.get(f"/providers/{done['resource_id']}")).json()
    assert {name: found[name] for name in PROVIDER} == PROVIDER


async def test_what_is_in_use_stays(api: httpx.AsyncClient, provider: int, model: dict[str, Any]) -> None:
    made = await newest(api, resource="provider")
    status, code, detail = await refused(api, made)
    assert (status, code) == (409, "provider_in_use")
    assert "m/1" in detail


@pytest.mark.parametrize("how", ["replaced", "deleted"])
async def test_secrets_do_not_come_back(api: httpx.AsyncClient, how: str) -> None:
    body = PROVIDER | {"credential": "sk-secret-1"}
    path = f"/providers/{(await api.post('/providers', json=body)).json()['id']}"
    if how == "replaced":
        await api.patch(path, json={"credential": "sk-secret-2"})
    else:
        await api.delete(path)
    assert (await refused(api, await newest(api)))[:2] == (409, "secret_lost")


async def test_a_credential_that_was_added_goes(api: httpx.AsyncClient, provider: int) -> None:
    await api.patch(f"/providers/{provider}", json={"credential": "sk-secret-1"})
    await undo(api, await newest(api))
    assert (await api.get(f"/providers/{provider}")).json()["credential_set"] is False
    await api.patch(f"/providers/{provider}", json={"credential": "env:A"})
    await api.patch(f"/providers/{provider}", json={"credential": "env:B"})
    await undo(api, await newest(api))
    assert (await api.get(f"/providers/{provider}")).json()["credential_hint"] == "env:A"


async def test_another_host_needs_the_credential_again(api: httpx.AsyncClient) -> None:
    body = PROVIDER | {"credential": "sk-secret-1"}
    path = f"/providers/{(await api.post('/providers', json=body)).json()['id']}"
    await api.patch(path, json={"base_url": "https://b.example.com", "credential": "sk-secret-1"})
    # encrypted anew, so it counts as another one
    assert (await refused(api, await newest(api)))[1] == "secret_lost"


async def test_a_model_comes_back_with_its_targets(api: httpx.AsyncClient, model: dict[str, Any]) -> None:
    ids = [target["id"] for target in model["targets"]]
    await api.put("/models/m%2F1/targets/order", json={"target_ids": ids[::-1]})
    await api.delete("/models/m%2F1")
    done = await undo(api, await newest(api))
    found = (await api.get("/models/m%2F1")).json()
    assert (found["rule"], [target["target_model"] for target in found["targets"]]) == (
        "stream",
        ["c", "b", "a"],
    )
    numbers = ", ".join(str(target["id"]) for target in found["targets"])
    assert done["notes"] == [
        f"The model `m/1` has a new number: {found['id']}; it was {model['id']}.",
        f"Its targets came back with new numbers: {numbers}.",
    ]
    assert [each["resource"] for each in done["revisions"]] == ["model", "target", "target", "target"]


async def test_tests_of_a_deleted_model_are_missed(api: httpx.AsyncClient, model: dict[str, Any]) -> None:
    test = {"name": "t", "request": {"body": {"stream": True}}, "expect": {"includes": ["p/a"]}}
    assert (await api.post("/models/m%2F1/tests", json=test)).status_code == 201
    await api.delete("/models/m%2F1")
    done = await undo(api, await newest(api))
    assert done["notes"][-1] == "The tests kept with it were deleted with it and did not come back."


async def test_a_model_whose_provider_is_gone_does_not_come_back(
    api: httpx.AsyncClient, provider: int, model: dict[str, Any]
) -> None:
    await api.delete("/models/m%2F1")
    deleted = await newest(api)
    await api.delete(f"/providers/{provider}")
    status, code, detail = await refused(api, deleted)
    assert (status, code) == (409, "revert_refused")
    assert "There is no such provider." in detail


async def test_a_new_model_goes_unless_more_was_put_under_it(
    api: httpx.AsyncClient, provider: int, model: dict[str, Any]
) -> None:
    made = await newest(api, resource="model")
    added = await api.post(
        "/models/m%2F1/targets", json={"provider_id": provider, "target_model": "d", "weight": 5}
    )
    await api.patch(f"/models/m%2F1/targets/{model['targets'][0]['id']}", json={"weight": 7})
    status, code, detail = await refused(api, made)
    assert (status, code) == (409, "changed_since")
    assert "`p/a`" in detail
    assert "`p/b`" not in detail
    await undo(api, await newest(api))
    await api.delete(f"/models/m%2F1/targets/{added.json()['id']}")
    await undo(api, made)
    assert (await api.get("/models/m%2F1")).status_code == 404


async def test_an_order_comes_back(api: httpx.AsyncClient, provider: int, model: dict[str, Any]) -> None:
    ids = [target["id"] for target in model["targets"]]
    await api.put("/models/m%2F1/targets/order", json={"target_ids": ids[::-1]})
    change = await newest(api)
    await undo(api, change)
    found = (await api.get("/models/m%2F1/targets")).json()["items"]
    assert [target["id"] for target in found] == ids
    status, code, _ = await refused(api, change)
    assert (status, code) == (409, "changed_since")


async def test_a_target_comes_back_to_its_place(api: httpx.AsyncClient, model: dict[str, Any]) -> None:
    path = "/models/m%2F1/targets"
    target = model["targets"][1]["id"]
    await api.patch(f"{path}/{target}", json={"rule": "has_tools", "weight": 3})
    await api.delete(f"{path}/{target}")
    await undo(api, await newest(api))
    found = (await api.get(path)).json()["items"]
    assert [(each["target_model"], each["weight"]) for each in found] == [("a", 1), ("b", 3), ("c", 1)]
    await api.delete(f"{path}/{found[0]['id']}")
    deleted = await newest(api)
    await api.delete("/models/m%2F1")
    status, code, detail = await refused(api, deleted)
    assert (status, code) == (409, "changed_since")
    assert f"Undo revision {await newest(api)} first" in detail


async def test_tests_are_run_as_on_every_change(api: httpx.AsyncClient, model: dict[str, Any]) -> None:
    await api.patch("/models/m%2F1", json={"rule": ""})
    change = await newest(api)
    test = {"name": "t", "request": {"body": {"stream": False}}, "expect": {"includes": ["p/a"]}}
    assert (await api.post("/models/m%2F1/tests", json=test)).status_code == 201
    status, code, detail = await refused(api, change)
    assert (status, code) == (422, "test_failed")
    assert "`t`" in detail


async def test_a_kept_test(api: httpx.AsyncClient, model: dict[str, Any]) -> None:
    path = "/models/m%2F1/tests"
    test = {"name": "t", "request": {"body": {"stream": True}}, "expect": {"includes": ["p/a"]}}
    made = (await api.post(path, json=test)).json()
    await api.patch(f"{path}/{made['id']}", json={"name": "u", "expect": {"excludes": ["p/a"]}})
    await undo(api, await newest(api))
    found = (await api.get(f"{path}/{made['id']}")).json()
    assert (found["name"], found["expect"]["includes"]) == ("t", ["p/a"])
    await api.delete(f"{path}/{made['id']}")
    done = await undo(api, await newest(api))
    assert (await api.get(f"{path}/{done['resource_id']}")).json()["name"] == "t"


async def test_a_named_list(api: httpx.AsyncClient) -> None:
    await api.post("/lists", json={"name": "l", "entries": ["a", "b", "c"]})
    await api.patch("/lists/l", json={"entries": ["b", "c", "d"], "notes": "n"})
    change = await newest(api)
    done = await undo(api, change)
    assert done["notes"] == ["The entries that came back are at the end of the list."]
    found = (await api.get("/lists/l")).json()
    assert (found["entries"], found["notes"]) == (["b", "c", "a"], "")
    assert (await refused(api, change))[1] == "changed_since"
    await api.patch("/lists/l", json={"entries": ["a", "b", "c"]})
    assert (await refused(api, await newest(api)))[1] == "not_revertible"
    await api.delete("/lists/l")
    await undo(api, await newest(api))
    assert (await api.get("/lists/l")).json()["entries"] == ["a", "b", "c"]


async def test_an_api_key(api: httpx.AsyncClient) -> None:
    body = {"name": "k", "expires_at": "2100-01-01T00:00:00Z", "metadata": {"team": "x"}}
    key = (await api.post("/api-keys", json=body)).json()
    path = f"/api-keys/{key['id']}"
    await api.patch(path, json={"expires_at": "2101-01-01T00:00:00Z", "metadata": {}})
    await undo(api, await newest(api))
    found = (await api.get(path)).json()
    assert (found["expires_at"], found["metadata"]) == ("2100-01-01T00:00:00Z", {"team": "x"})
    await api.post(f"{path}/disable")
    await undo(api, await newest(api))
    assert (await api.get(path)).json()["is_active"] is True
    await api.post(f"{path}/rotate", json={})
    assert (await refused(api, await newest(api)))[:2] == (409, "secret_lost")
    await api.delete(path)
    assert (await refused(api, await newest(api)))[:2] == (409, "secret_lost")


async def test_what_is_never_undone(api: httpx.AsyncClient) -> None:
    await api.post("/tokens", json={"name": "t"})
    assert (await refused(api, await newest(api)))[:2] == (409, "not_revertible")
    answer = await api.post("/revisions/999999/revert")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
