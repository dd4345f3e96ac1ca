"""URLs and credentials of upstreams."""

import pytest

from app.domain.provider import Protocol
from app.protocols.endpoints import ENDPOINTS
from app.providers.dialect import DEFAULT_HEADERS, auth_headers, join


@pytest.mark.parametrize(
    ("base_url", "path", "expected"),
    [
        ("https://api.openai.com", "/v1/chat/completions", "https://api.openai.com/v1/chat/completions"),
        ("https://api.openai.com/", "/v1/chat/completions", "https://api.openai.com/v1/chat/completions"),
        ("https://api.openai.com/v1", "/v1/chat/completions", "https://api.openai.com/v1/chat/completions"),
        ("https://api.openai.com/v1//", "/v1/embeddings", "https://api.openai.com/v1/embeddings"),
        (
            "https://api.groq.com/openai/v1",
            "/v1/chat/completions",
            "https://api.groq.com/openai/v1/chat/completions",
        ),
        (
            "https://api.groq.com/openai",
            "/v1/chat/completions",
            "https://api.groq.com/openai/v1/chat/completions",
        ),
        ("https://ark.example/api/v3", "/v1/chat/completions", "https://ark.example/api/v3/chat/completions"),
        ("https://g.example/v1beta/openai", "/v1/embeddings", "https://g.example/v1beta/openai/embeddings"),
        ("https://g.example/v1beta", "/v1/embeddings", "https://g.example/v1beta/embeddings"),
        ("https://x.example/v2x", "/v1/embeddings", "https://x.example/v2x/v1/embeddings"),
        ("https://v1", "/v1/embeddings", "https://v1/v1/embeddings"),
        (
            "http://127.0.0.1:9901",
            "/v1/messages/count_tokens",
            "http://127.0.0.1:9901/v1/messages/count_tokens",
        ),
        ("http://[::1]:9901/v1", "/v1/messages", "http://[::1]:9901/v1/messages"),
    ],
)
def test_join(base_url: str, path: str, expected: str) -> None:
    assert join(base_url, path) == expected
    assert join(base_url, path, "beta=true&x=%20") == expected + "?beta=true&x=%20"


def test_credentials_have_the_form_of_the_protocol() -> None:
    assert auth_headers(Protocol.OPENAI, "sk-1") == [(b"authorization", b"Bearer sk-1")]
    assert auth_headers(Protocol.ANTHROPIC, "sk-1") == [(b"x-api-key", b"sk-1")]
    assert auth_headers(Protocol.OPENAI, None) == []
    assert auth_headers(Protocol.OPENAI, "100%b") == [(b"authorization", b"Bearer 100%b")]


def test_every_protocol_is_in_the_tables() -> None:
    assert set(DEFAULT_HEADERS) == set(Protocol)
    assert DEFAULT_HEADERS[Protocol.ANTHROPIC] == [(b"anthropic-version", b"2023-06-01")]
    for protocol in Protocol:
        assert auth_headers(protocol, "x")


def test_endpoints() -> None:
    assert sorted(ENDPOINTS) == [
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/responses",
    ]
    assert {path for path, found in ENDPOINTS.items() if found.protocol is Protocol.ANTHROPIC} == {
        "/v1/messages",
        "/v1/messages/count_tokens",
    }
    assert all(found.path == path for path, found in ENDPOINTS.items())
