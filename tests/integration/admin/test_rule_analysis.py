"""Analysis of the rules of a stored model over the admin API."""

from typing import Any

import httpx
import pytest

MODEL = "meta-llama/Llama-3"
RULES = [
    "body.temperature <= 0.5",
    "body.temperature < 0.4",
    "client.ip in $office and client.ip not in $office",
]


@pytest.fixture
async def targets(api: httpx.AsyncClient) -> list[int]:
    """A model with a target for each of the rules, tried in this order; returns their numbers."""
    listed = {"name": "office", "entries": ["198.51.100.0/24"]}
    assert (await api.post("/lists", json=listed)).status_code == 201
    provider = {"name": "openai", "protocol": "openai", "base_url": "https://api.example.com"}
    number = (await api.post("/providers", json=provider)).json()["id"]
    body = {
        "name": MODEL,
        "strategy": "priority",
        "targets": [
            {"provider_id": number, "target_model": "t", "rule": rule, "priority": priority}
            for priority, rule in enumerate(RULES)
        ],
    }
    answer = await api.post("/models", json=body)
    assert answer.status_code == 201, answer.text
    return [target["id"] for target in answer.json()["targets"]]


async def analysed(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await api.post("/rules/analyse", json={"model": MODEL, **body})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def codes(made: dict[str, Any]) -> dict[str, int | None]:
    return {finding["code"]: finding["target_id"] for finding in made["findings"]}


async def test_a_stored_model(api: httpx.AsyncClient, targets: list[int]) -> None:
    made = await analysed(api)

    assert (made["model"], made["complete"], made["overlaps_left_out"]) == (MODEL, True, 0)
    assert made["revision"] > 0
    assert codes(made) == {
        "never_true": targets[2],
        "shadowed": targets[1],
        "gap": None,
        "overlap": targets[1],
    }
    never, shadowed, gap, _ = made["findings"]
    assert (never["severity"], never["proof"], never["example"]) == ("error", "proven", None)
    assert shadowed["other_ids"] == targets[:1]
    assert shadowed["example"]["body"]["temperature"] < 0.4
    explained = await api.post("/rules/explain", json={"request": gap["example"]})
    assert explained.json()["order"] == []


async def test_a_draft(api: httpx.AsyncClient, targets: list[int]) -> None:
    changed = [{"id": targets[1], "rule": "body.temperature > 0.5"}, {"id": targets[2], "rule": ""}]
    draft = {"rule": "stream and has_tools and stream", "targets": changed}

    made = await analysed(api, draft=draft)

    (finding,) = made["findings"]
    assert (finding["code"], finding["target_id"]) == ("idle", None)
    assert finding["span"] == {"start": 25, "end": 31}
    assert len((await analysed(api))["findings"]) == 4


async def test_inactive_targets_are_left_out(api: httpx.AsyncClient, targets: list[int]) -> None:
    for target in targets[1:]:
        path = f"/models/meta-llama%2FLlama-3/targets/{target}"
        assert (await api.patch(path, json={"is_active": False})).status_code == 200

    assert codes(await analysed(api)) == {"gap": None}


async def test_what_is_refused(api: httpx.AsyncClient, targets: list[int]) -> None:
    async def refused(**body: Any) -> tuple[int, list[str]]:
        answer = await api.post("/rules/analyse", json={"model": MODEL, **body})
        return answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]

    assert await refused(model="unknown") == (404, [])
    assert await refused(draft={"rule": "stream and"}) == (422, ["/draft/rule"])
    assert await refused(draft={"targets": [{"id": 99, "rule": ""}]}) == (422, ["/draft/targets/0/id"])
    wrong = {"targets": [{"id": targets[0], "rule": "x"}]}
    assert await refused(draft=wrong) == (422, ["/draft/targets/0/rule"])
