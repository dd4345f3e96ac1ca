"""What an administrator reads of a faulty call afterwards: the row in the database, through the whole program."""

from typing import Any

import httpx
import msgspec
import pytest

from tests.support.gateway import Gateway, unique
from tests.support.hotpath import chat_body
from tests.support.replay import Replay, needs_shared

pytestmark = needs_shared

ROWS: list[tuple[str, dict[str, Any], bool, dict[str, Any], list[tuple[int | None, str | None]]]] = [
    ("status", {"status": 500}, False, {"status": 200, "end_reason": "complete"}, [(500, None), (200, None)]),
    ("status", {"status": 429}, False, {"status": 200, "end_reason": "complete"}, [(429, None), (200, None)]),
    (
        "reset",
        {"after_events": 0},
        False,
        {"status": 200, "end_reason": "complete"},
        [(None, "reset"), (200, None)],
    ),
    ("truncate", {}, False, {"status": 200, "end_reason": "complete"}, [(200, "reset"), (200, None)]),
    ("malformed", {}, False, {"status": 200, "usage_source": "counted"}, [(200, None)]),
    ("gzip", {}, False, {"status": 200, "usage_source": "upstream"}, [(200, None)]),
    ("close", {}, False, {"status": 200, "end_reason": "complete"}, [(200, None)]),
    ("truncate", {"after_events": 2}, True, {"status": 200, "end_reason": "truncated"}, [(200, "reset")]),
    ("reset", {"after_events": 2}, True, {"status": 200, "usage_source": "partial"}, [(200, "reset")]),
    ("sse_error", {}, True, {"status": 200, "end_reason": "error"}, [(200, None)]),
]


@pytest.mark.parametrize(("kind", "options", "stream", "expected", "attempts"), ROWS)
async def test_the_row_tells_what_happened(
    gateway: Gateway,
    replay: Replay,
    kind: str,
    options: dict[str, Any],
    stream: bool,
    expected: dict[str, Any],
    attempts: list[tuple[int | None, str | None]],
) -> None:
    model = unique("faulty")
    async with gateway.admin() as admin:
        key = await admin.route(
            model, f"{replay.url}/first/v1", f"{replay.url}/second/v1", strategy="priority"
        )
        replay.fault(kind, times=1, **options)
        async with gateway.client(key) as client:
            body = msgspec.json.encode(chat_body(model, stream=stream))
            async with client.stream("POST", "/v1/chat/completions", content=body) as response:
                try:
                    await response.aread()
                except httpx.RemoteProtocolError:
                    assert expected.get("end_reason", "truncated") == "truncated"
            request_id = response.headers["x-request-id"]
        row = await admin.log(request_id)
        assert {name: row[name] for name in expected} == expected
        tries = [(a["status"], a["error"]) for a in row["attempts"]]
        assert tries == attempts, row["attempts"]
        assert row["retry_count"] == len(attempts) - 1
        assert [v["passed"] for v in row["trace"]] == [True, True, True]
        assert row["requested_model"] == model
        assert row["target_model"] == f"{model}-upstream"
        assert row["input_tokens"]
        sent = {header["name"]: header["value"] for header in row["payload"]["request_headers"]}
        assert sent["authorization"] == "Bearer gwk_***...***"
