"""The header policy of both directions: names that stay behind, names that go through, values with secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common.headers import is_credential, upstream_headers
from app.common.shapes import client_headers

KEY = b"gwk_0123456789abcdef"
IDENTITY = (b"accept-encoding", b"identity")

NOT_UP = (
    b"authorization proxy-authorization x-api-key api-key x-goog-api-key xi-api-key anthropic-api-key x-auth-token"
    b" ocp-apim-subscription-key x-amz-security-token cookie connection keep-alive te trailer transfer-encoding upgrade"
    b" proxy-connection proxy-x host content-length expect x-forwarded-for x-forwarded-host x-forwarded-proto forwarded"
    b" via x-real-ip true-client-ip cf-connecting-ip cf-ray origin referer sec-fetch-mode sec-ch-ua x-gw-tag"
).split()
UP = (
    b"accept content-type user-agent anthropic-version anthropic-beta openai-beta openai-organization idempotency-key"
    b" x-stainless-lang x-stainless-retry-count x-app x-claude-code-session-id session-id thread-id originator"
    b" x-codex-turn-metadata x-client-request-id anthropic-dangerous-direct-browser-access traceparent x-custom"
).split()
NOT_DOWN = (
    b"connection keep-alive transfer-encoding upgrade trailer te proxy-authenticate content-length set-cookie server"
    b" date alt-svc strict-transport-security access-control-allow-origin access-control-max-age www-authenticate"
    b" x-api-key x-goog-api-key authorization x-gw-provider"
).split()
DOWN = (
    b"content-type content-encoding retry-after retry-after-ms x-should-retry x-ratelimit-limit-requests"
    b" x-ratelimit-remaining-tokens anthropic-ratelimit-tokens-limit openai-processing-ms openai-version cache-control"
).split()


def spellings(names: list[bytes]) -> list[bytes]:
    return [spelling for name in names for spelling in (name, name.upper(), name.title())]


@pytest.mark.parametrize("name", spellings(NOT_UP))
def test_not_sent_to_the_upstream(name: bytes) -> None:
    assert upstream_headers([(name, b"1")], KEY) == [IDENTITY]


@pytest.mark.parametrize("name", spellings(UP))
def test_sent_to_the_upstream(name: bytes) -> None:
    assert upstream_headers([(name, b"1")], KEY) == [(name, b"1"), IDENTITY]


@pytest.mark.parametrize("name", spellings(NOT_DOWN))
def test_not_sent_to_the_client(name: bytes) -> None:
    assert client_headers([(name, b"1")]) == []


@pytest.mark.parametrize("name", spellings(DOWN))
def test_sent_to_the_client(name: bytes) -> None:
    assert client_headers([(name, b"1")]) == [(name, b"1")]


def test_order_and_repetition_are_kept() -> None:
    raw = [(b"x-b", b"1"), (b"x-a", b"2"), (b"host", b"h"), (b"x-b", b"3"), (b"accept-encoding", b"br")]
    assert upstream_headers(raw, KEY) == [pair for pair in raw if pair[0] != b"host"]
    assert client_headers(raw) == [pair for pair in raw if pair[0] != b"host"]


def test_names_in_connection_are_dropped() -> None:
    raw = [
        (b"x-secret", b"1"),
        (b"connection", b"close, X-Secret"),
        (b"x-other", b"2"),
        (b"Connection", b"x-more"),
    ]
    raw.append((b"X-More", b"3"))
    assert upstream_headers(raw, KEY) == [(b"x-other", b"2"), IDENTITY]
    assert client_headers(raw) == [(b"x-other", b"2")]


def test_values_with_the_presented_key_are_dropped() -> None:
    raw = [(b"x-custom", b"a " + KEY + b" b"), (b"x-other", b"fine"), (b"x-part", KEY[:-1])]
    assert upstream_headers(raw, KEY) == [(b"x-other", b"fine"), (b"x-part", KEY[:-1]), IDENTITY]
    assert len(upstream_headers(raw, b"")) == 4


@pytest.mark.parametrize("value", [b"a\rb", b"a\nb", b"a\0b", b"\r\n"])
def test_values_that_break_lines_are_dropped(value: bytes) -> None:
    raw = [(b"x-a", value), (b"x-b", b"fine")]
    assert upstream_headers(raw, KEY) == [(b"x-b", b"fine"), IDENTITY]
    assert client_headers(raw) == [(b"x-b", b"fine")]


def test_accept_encoding() -> None:
    assert upstream_headers([(b"accept-encoding", b"gzip, br")], KEY) == [(b"accept-encoding", b"gzip, br")]
    assert upstream_headers([], KEY) == [IDENTITY]


@pytest.mark.parametrize(
    ("raw", "passed_on"),
    [
        ([(b"x-request-id", b"r")], [(b"x-upstream-request-id", b"r")]),
        ([(b"X-Request-Id", b"r")], [(b"x-upstream-request-id", b"r")]),
        ([(b"request-id", b"a")], [(b"request-id", b"a"), (b"x-upstream-request-id", b"a")]),
        (
            [(b"request-id", b"a"), (b"x-request-id", b"r")],
            [(b"request-id", b"a"), (b"x-upstream-request-id", b"r")],
        ),
        ([(b"x-client-request-id", b"c")], [(b"x-client-request-id", b"c")]),
    ],
)
def test_request_ids(raw: list[tuple[bytes, bytes]], passed_on: list[tuple[bytes, bytes]]) -> None:
    assert client_headers(raw) == passed_on


@pytest.mark.parametrize("name", [b"X_API_KEY", b"x-api_key", b"Set-Cookie", b" authorization ", b"COOKIE"])
def test_credentials_in_odd_spellings(name: bytes) -> None:
    assert is_credential(name)
    assert upstream_headers([(name, b"1")], KEY) == [IDENTITY]


def test_many_names_are_judged_alike() -> None:
    """More distinct names than are remembered, and longer ones."""
    raw = [(b"x-gw-%d" % n, b"1") for n in range(6000)] + [(b"x-%d" % n, b"1") for n in range(6000)]
    raw += [(b"x-" + b"n" * 1000, b"1"), (b"x-gw-" + b"n" * 1000, b"1")]
    for _ in range(2):
        assert upstream_headers(raw, KEY) == [*raw[6000:-1], IDENTITY]


@given(st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=12)), max_size=6), st.binary(max_size=4))
def test_any_bytes_are_survived(raw: list[tuple[bytes, bytes]], key: bytes) -> None:
    for name, value in upstream_headers(raw, key):
        assert (name, value) == IDENTITY or ((name, value) in raw and not (key and key in value))
    assert all(value in [pair[1] for pair in raw] for _, value in client_headers(raw))
