"""Our errors in both dialects, as their SDKs read them."""

import json

import pytest

from app.domain.provider import Protocol
from app.protocols.endpoints import CHAT, COMPLETIONS, COUNT_TOKENS, MESSAGES, RESPONSES, Endpoint
from app.protocols.errors import anthropic_error, error_body, openai_error, stream_error
from app.protocols.usage import UsageReader
from tests.support.sse import events


@pytest.mark.parametrize(
    ("status", "openai", "anthropic"),
    [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "authentication_error", "authentication_error"),
        (403, "permission_error", "permission_error"),
        (404, "invalid_request_error", "not_found_error"),
        (405, "invalid_request_error", "invalid_request_error"),
        (413, "invalid_request_error", "request_too_large"),
        (422, "invalid_request_error", "invalid_request_error"),
        (429, "rate_limit_error", "rate_limit_error"),
        (500, "server_error", "api_error"),
        (502, "server_error", "api_error"),
        (504, "server_error", "timeout_error"),
        (529, "server_error", "overloaded_error"),
    ],
)
def test_bodies(status: int, openai: str, anthropic: str) -> None:
    assert json.loads(openai_error(status, "some_code", 'What\n"happened"', "model")) == {
        "error": {"message": 'What\n"happened"', "type": openai, "param": "model", "code": "some_code"}
    }
    assert json.loads(anthropic_error(status, "some_code", "What happened", "id-1")) == {
        "type": "error",
        "error": {"type": anthropic, "message": "What happened", "details": {"error_code": "some_code"}},
        "request_id": "id-1",
    }


def test_body_by_protocol() -> None:
    assert error_body(Protocol.OPENAI, 404, "c", "m", None, "id") == openai_error(404, "c", "m", None)
    assert error_body(Protocol.ANTHROPIC, 404, "c", "m", None, "id") == anthropic_error(404, "c", "m", "id")


@pytest.mark.parametrize(
    ("endpoint", "name", "content"),
    [
        (CHAT, None, {"error": {"message": "cut", "type": "server_error", "param": None, "code": "c"}}),
        (
            COMPLETIONS,
            None,
            {"error": {"message": "cut", "type": "server_error", "param": None, "code": "c"}},
        ),
        (RESPONSES, "error", {"type": "error", "code": "c", "message": "cut", "param": None}),
        (
            MESSAGES,
            "error",
            {
                "type": "error",
                "error": {"type": "api_error", "message": "cut", "details": {"error_code": "c"}},
                "request_id": "id",
            },
        ),
    ],
)
def test_stream_events(endpoint: Endpoint, name: str | None, content: dict[str, object]) -> None:
    (event,) = events(stream_error(endpoint, "c", "cut", "id"))
    assert (event.name, event.json()) == (name, content)


@pytest.mark.parametrize("endpoint", [CHAT, COMPLETIONS, RESPONSES, MESSAGES, COUNT_TOKENS])
def test_our_own_readers_take_a_stream_error_for_one(endpoint: Endpoint) -> None:
    reader = UsageReader(endpoint.name)
    reader.feed(stream_error(endpoint, "c", "cut", "id"))
    assert reader.error
    assert not reader.ended
