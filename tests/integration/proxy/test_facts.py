"""Facts that a proxied request leaves in its record."""

from typing import Any

import httpx
import msgspec
import pytest

from app.config import Settings
from app.rules.recalled import Recorded
from tests.support.hotpath import chat_body, hot_path, provider, route, target

UPSTREAM = provider("http://upstream.invalid/v1")


def answering() -> httpx.MockTransport:
    return httpx.MockTransport(
        lambda _: httpx.Response(200, json={"usage": {"prompt_tokens": 1, "completion_tokens": 1}})
    )


async def facts_of(settings: Settings, body: Any, *, rule: str = "", **options: Any) -> Recorded | None:
    async with hot_path(
        route([target(UPSTREAM, rule=rule)]), settings=settings, transport=answering()
    ) as path:
        await path.chat(body, **options)
        (exchange,) = await path.records.wait(1)
    return None if exchange.facts is None else msgspec.json.decode(exchange.facts, type=Recorded)


@pytest.mark.parametrize("rule", ["", "body.seed == 1"])
async def test_answered_and_refused_requests_leave_their_facts(rule: str) -> None:
    body = chat_body(temperature=0.4)
    found = await facts_of(Settings(log_payloads="off"), body, rule=rule, headers={"x-team": "sea"})
    assert found is not None
    assert found.endpoint == "chat/completions"
    assert found.headers["x-team"] == "sea"
    assert "authorization" not in found.headers
    assert {name: bytes(raw) for name, raw in found.body.items()} == {
        "messages": b'[{"role":"user","content":""}]',
        "temperature": b"0.4",
    }


async def test_tokens_are_kept_where_a_rule_had_them_counted() -> None:
    found = await facts_of(Settings(), chat_body(), rule="token_usage.input_tokens > 0")
    assert found is not None
    assert found.input_tokens
    assert (await facts_of(Settings(), chat_body())).input_tokens is None  # type: ignore[union-attr]  # facts are on


async def test_large_bodies_keep_their_short_fields() -> None:
    found = await facts_of(Settings(), chat_body(user="u", pad="x" * 300_000, tools=[{"name": "f"}]))
    assert found is not None
    assert bytes(found.body["user"]) == b'"u"'
    assert (found.cut, found.has_tools) == (("body.pad",), True)


async def test_none_are_kept_where_they_are_switched_off_or_no_rule_was_asked() -> None:
    assert await facts_of(Settings(log_facts=False), chat_body()) is None
    assert await facts_of(Settings(), chat_body("unknown")) is None
