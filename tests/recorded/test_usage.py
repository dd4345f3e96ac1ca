"""Usage readers over all recorded answers, against a plain reading of the same bytes with the standard library."""

import json
import random
from typing import Any

import pytest

from app.domain.usage import Usage
from app.protocols.endpoints import ENDPOINTS
from app.protocols.usage import UsageReader, output_text, read_usage
from tests.support.replay import needs_shared, records
from tests.support.sse import events

pytestmark = needs_shared

NAMES = [endpoint.name for endpoint in ENDPOINTS.values() if endpoint.name != "messages/count_tokens"]


def plain_usage(endpoint: str, usage: dict[str, Any] | None) -> Usage | None:
    if not usage:
        return None
    if endpoint == "messages":
        cached = usage.get("cache_read_input_tokens")
        total = usage["input_tokens"] + (usage.get("cache_creation_input_tokens") or 0) + (cached or 0)
        return Usage(input=total, output=usage["output_tokens"], cached=cached)
    kinds = ("input", "output") if endpoint == "responses" else ("prompt", "completion")
    cached = (usage.get(f"{kinds[0]}_tokens_details") or {}).get("cached_tokens")
    return Usage(
        input=usage[f"{kinds[0]}_tokens"],
        output=0 if endpoint == "embeddings" else usage.get(f"{kinds[1]}_tokens"),
        cached=usage.get("prompt_cache_hit_tokens") if cached is None else cached,
        reasoning=(usage.get(f"{kinds[1]}_tokens_details") or {}).get("reasoning_tokens"),
    )


def plain_stream(endpoint: str, body: str) -> tuple[Usage | None, str]:
    """Usage and visible text of a stream."""
    usage: dict[str, Any] = {}
    text = ""
    for event in events(body + "\n\n"):
        if event.data == "[DONE]":
            continue
        item = event.json()
        if endpoint == "messages":
            found = (item.get("message") or {}).get("usage") or item.get("usage") or {}
            usage |= {name: value for name, value in found.items() if value is not None}
            text += (item.get("delta") or {}).get("text") or ""
        elif endpoint == "responses":
            usage = (item.get("response") or {}).get("usage") or usage
            text += item["delta"] if item["type"] == "response.output_text.delta" else ""
        else:
            usage = item.get("usage") or (item.get("x_groq") or {}).get("usage") or usage
            for choice in item.get("choices") or []:
                piece = choice["text"] if "text" in choice else (choice.get("delta") or {}).get("content")
                text += piece if isinstance(piece, str) else ""
    return plain_usage(endpoint, usage), text


def is_subsequence(part: str, whole: str) -> bool:
    rest = iter(whole)
    return all(char in rest for char in part)


@pytest.mark.parametrize("endpoint", NAMES)
def test_streams(endpoint: str) -> None:
    rng = random.Random(7)
    seen = 0
    for record in records():
        if record["endpoint"] != endpoint or not record["is_stream"] or record["status"] != 200:
            continue
        seen += 1
        body = record["response_body"].encode()
        usage, text = plain_stream(endpoint, record["response_body"])
        sizes = (len(body), 1, *(rng.randint(2, 900) for _ in range(2)))
        for size in sizes:
            reader = UsageReader(endpoint)
            for start in range(0, len(body), size):
                reader.feed(body[start : start + size])
            reader.close()
            assert reader.ended or reader.error, record["id"]
            assert reader.at_boundary, record["id"]
            assert reader.usage == usage, record["id"]
            assert is_subsequence(text, reader.output_text()), record["id"]
    assert seen or endpoint == "embeddings"


@pytest.mark.parametrize("endpoint", NAMES)
def test_streams_cut_anywhere_never_seem_whole_too_early(endpoint: str) -> None:
    """Of each stream the first half: no end is seen unless the protocol's own end is in it."""
    ends = (
        "[DONE]",
        '"finish_reason":"',
        '"finish_reason": "',
        "response.completed",
        "response.incomplete",
        "message_stop",
    )
    for record in records():
        if record["endpoint"] != endpoint or not record["is_stream"] or record["status"] != 200:
            continue
        half = record["response_body"][: len(record["response_body"]) // 2]
        reader = UsageReader(endpoint)
        reader.feed(half.encode())
        if not any(end in half for end in ends):
            assert not reader.ended, record["id"]


@pytest.mark.parametrize("endpoint", NAMES)
def test_whole_bodies(endpoint: str) -> None:
    seen = 0
    for record in records():
        if record["endpoint"] != endpoint or record["is_stream"]:
            continue
        body = record["response_body"].encode()
        found = read_usage(endpoint, body)
        output_text(endpoint, body)
        if record["status"] != 200:
            assert found is None, record["id"]
            continue
        seen += 1
        assert found == plain_usage(endpoint, json.loads(body).get("usage")), record["id"]
    assert seen


def test_every_body_survives_every_reader() -> None:
    """Wrong routes, error pages and models lists included."""
    for record in records():
        body = record["response_body"].encode()
        for endpoint in NAMES:
            read_usage(endpoint, body)
            reader = UsageReader(endpoint)
            reader.feed(body)
            reader.close()
