"""Token counts of recorded requests against what the providers charged for them."""

import json
from statistics import median
from typing import Any

import pytest

from app.domain.usage import Usage
from app.gateway.tokens import count_request
from app.protocols.usage import UsageReader, read_usage
from tests.support.replay import needs_shared, records

pytestmark = needs_shared

HOSTS = ("api.openai.com", "api.anthropic.com")


def charged(record: dict[str, Any]) -> Usage | None:
    body = record["response_body"].encode()
    if not record["is_stream"]:
        return read_usage(record["endpoint"], body)
    reader = UsageReader(record["endpoint"])
    reader.feed(body)
    reader.close()
    return reader.usage


async def compare(endpoint: str) -> list[tuple[int, int, bool, dict[str, Any]]]:
    """Counted, charged, estimated, and the request, for each recorded one of the vendors themselves."""
    found = []
    for record in records():
        if record["endpoint"] != endpoint or record["status"] != 200 or record["provider_host"] not in HOSTS:
            continue
        usage = charged(record)
        if usage is not None and usage.input:
            model = record["model"] or ""
            tokens, estimated = await count_request(endpoint, record["request_body"].encode(), model)
            found.append((tokens, usage.input, estimated, json.loads(record["request_body"])))
    return found


@pytest.mark.parametrize(
    ("endpoint", "share"),
    [("chat/completions", 0.95), ("completions", 1.0), ("embeddings", 1.0), ("responses", 0.85)],
)
async def test_plain_text_is_exact(endpoint: str, share: float) -> None:
    plain = [(counted, real) for counted, real, estimated, _ in await compare(endpoint) if not estimated]
    assert len(plain) >= 10
    assert sum(counted == real for counted, real in plain) >= share * len(plain)


@pytest.mark.parametrize(
    ("endpoint", "error"), [("chat/completions", 0.08), ("messages", 0.2), ("responses", 0.2)]
)
async def test_requests_with_tools_are_estimated_closely(endpoint: str, error: float) -> None:
    with_tools = [
        abs(counted - real) / real
        for counted, real, estimated, request in await compare(endpoint)
        if request.get("tools") and estimated
    ]
    assert len(with_tools) >= 100
    assert median(with_tools) <= error


async def test_anthropic_is_always_an_estimate() -> None:
    found = await compare("messages")
    assert len(found) >= 300
    assert all(estimated for _, _, estimated, _ in found)
