"""Every recorded exchange whose bytes are exact: back byte for byte, and sent on with only `model` replaced."""

import asyncio
import json
from typing import Any

from app.domain.exchange import EndReason
from app.domain.provider import Protocol
from tests.support.hotpath import HotPath, hot_path, provider, route, target
from tests.support.replay import needs_shared, records, replay_server

pytestmark = needs_shared

TARGET_MODEL = "the-target/model"
ANTHROPIC = ("messages", "messages/count_tokens")
PROXIED = ("chat/completions", "completions", "embeddings", "responses", *ANTHROPIC)


def exact() -> list[dict[str, Any]]:
    """Records whose request and answer are what went over the wire. `GET`s are ours to answer, or no route."""
    return [
        r
        for r in records()
        if r["request_body_exact"]
        and r["response_body_exact"]
        and r["method"] == "POST"
        and r["endpoint"] in PROXIED
    ]


def replaced(sent: bytes, model: str) -> set[bytes]:
    """All ways to put the target model in place of one occurrence of the model's JSON text."""
    found = set()
    for literal in (json.dumps(model).encode(), json.dumps(model, ensure_ascii=False).encode()):
        at = sent.find(literal)
        while at >= 0:
            found.add(sent[:at] + json.dumps(TARGET_MODEL).encode() + sent[at + len(literal) :])
            at = sent.find(literal, at + 1)
    return found


async def test_all_exact_records_go_through_byte_for_byte() -> None:
    wanted = exact()
    assert len(wanted) > 900
    with replay_server() as replay:
        targets = [
            target(provider(replay.url, 1), model=TARGET_MODEL),
            target(provider(replay.url, 2, protocol=Protocol.ANTHROPIC), model=TARGET_MODEL),
        ]
        models = sorted({r["model"] for r in wanted})
        async with hot_path(*(route(targets, name=name, number=i) for i, name in enumerate(models))) as path:
            gate = asyncio.Semaphore(16)
            faults = await asyncio.gather(*(_differences(path, record, gate) for record in wanted))
            assert [f for f in faults if f] == []

            arrived = {_header(r, "x-replay-id"): r for r in replay.requests()}
            for record in wanted:
                got = arrived[record["id"]]["body"]
                sent = record["request_body"].encode()
                assert got in replaced(sent, record["model"]), record["id"]
                assert json.loads(got) == json.loads(sent) | {"model": TARGET_MODEL}, record["id"]

            await path.pipeline.drain()
            logged = await path.records.wait(len(wanted))
            assert {r.end_reason for r in logged if r.status == 200} <= {EndReason.COMPLETE, EndReason.ERROR}
            assert sum(r.end_reason is EndReason.ERROR for r in logged) == sum(
                "event: error" in r["response_body"] for r in wanted if r["status"] == 200
            )


async def _differences(path: HotPath, record: dict[str, Any], gate: asyncio.Semaphore) -> str | None:
    query = f"?{record['query']}" if record["query"] else ""
    async with gate:
        response = await path.client.post(
            f"/v1/{record['endpoint']}{query}",
            content=record["request_body"].encode(),
            headers={"x-replay-id": record["id"], "accept-encoding": "identity"},
        )
    if response.status_code != record["status"]:
        return f"{record['id']}: status {response.status_code}, recorded {record['status']}: {response.text[:200]}"
    if response.content != record["response_body"].encode():
        return f"{record['id']}: the body differs"
    return None


def _header(request: dict[str, Any], name: str) -> str | None:
    return next((value for key, value in request["headers"] if key.lower() == name), None)
