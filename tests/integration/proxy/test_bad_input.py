"""Bad input: a dialect error with the right status, quickly, and the process lives."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from app.config import Settings
from app.domain.api_key import ApiKey
from tests.support.hotpath import HotPath, chat_body, hot_path, provider, route, target
from tests.support.sockets import ScriptedUpstream

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

BODIES: list[tuple[str, bytes, int, str]] = [
    ("empty", b"", 400, "invalid_json"),
    ("broken", b'{"model":"m","messages":[', 400, "invalid_json"),
    ("trailing garbage", b'{"model":"m"} x', 400, "invalid_json"),
    ("an array", b"[]", 400, "invalid_json"),
    ("a string", b'"m"', 400, "invalid_json"),
    ("a byte order mark", b'\xef\xbb\xbf{"model":"m"}', 400, "invalid_json"),
    ("depth 5,000", b'{"model":"m","messages":' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "invalid_json"),
    (
        "depth 5,000 of objects",
        b'{"model":"m","a":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        400,
        "invalid_json",
    ),
    ("a raw NUL", b'{"model":"m","messages":"\x00"}', 400, "invalid_json"),
    ("invalid UTF-8", b'{"model":"m","messages":"\xff\xfe"}', 400, "invalid_json"),
    ("a lone surrogate", b'{"model":"m","messages":"\\ud800"}', 400, "invalid_json"),
    ("a lone surrogate as model", b'{"model":"\\udfff"}', 400, "invalid_json"),
    ("two models", b'{"model":"m","model":"n"}', 400, "invalid_request"),
    ("two models, one in escapes", b'{"model":"m","mod\\u0065l":"n"}', 400, "invalid_request"),
    ("no model", b'{"messages":[]}', 400, "invalid_request"),
    ("a number as model", b'{"model":7}', 400, "invalid_request"),
    ("null as model", b'{"model":null}', 400, "invalid_request"),
    ("an empty model", b'{"model":""}', 400, "invalid_request"),
    ("a NUL in the model", b'{"model":"m\\u0000"}', 400, "invalid_request"),
    ("an unknown model", b'{"model":"nobody"}', 404, "model_not_found"),
    ("a model of 100,000 characters", b'{"model":"' + b"m" * 100_000 + b'"}', 400, "invalid_request"),
    ("stream as a word", b'{"model":"m","stream":"yes"}', 400, "invalid_request"),
]


def openai_code(response: httpx.Response) -> str:
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    code: str = error["code"]
    return code


@pytest.fixture
async def path() -> AsyncIterator[HotPath]:
    async with (
        ScriptedUpstream([OK]) as upstream,
        hot_path(
            route([target(provider(upstream.url))]), settings=Settings(max_body_bytes=1 << 20)
        ) as running,
    ):
        yield running
        assert (await running.chat()).status_code == 200, "the process is alive"


@pytest.mark.parametrize(("body", "status", "code"), [b[1:] for b in BODIES], ids=[b[0] for b in BODIES])
async def test_a_bad_body_gets_a_clear_error_quickly(
    path: HotPath, body: bytes, status: int, code: str
) -> None:
    await path.chat()
    started = time.perf_counter()
    response = await path.chat(body)
    assert time.perf_counter() - started < 0.05
    assert (response.status_code, openai_code(response)) == (status, code)
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(("body", "status"), [(b[1], b[2]) for b in BODIES], ids=[b[0] for b in BODIES])
async def test_the_same_in_anthropics_dialect(path: HotPath, body: bytes, status: int) -> None:
    response = await path.client.post("/v1/messages", content=body)
    assert response.status_code == status
    answer = response.json()
    assert answer["type"] == "error"
    assert answer["error"]["type"] == ("not_found_error" if status == 404 else "invalid_request_error")
    assert answer["request_id"] == response.headers["x-request-id"]


async def test_a_body_over_the_limit_is_refused_before_it_is_read(path: HotPath) -> None:
    response = await path.chat(b" " * (1 << 20) + b"{}")
    assert (response.status_code, openai_code(response)) == (413, "request_too_large")


async def test_a_chunked_body_is_counted_while_reading(path: HotPath) -> None:
    async def pieces(megabytes: float) -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < megabytes * (1 << 20):
            sent += 1 << 16
            yield b" " * (1 << 16)

    sent = 0
    response = await path.client.post("/v1/chat/completions", content=pieces(1.5))
    assert (response.status_code, openai_code(response)) == (413, "request_too_large")
    sent = 0
    with pytest.raises((httpx.WriteError, httpx.ReadError)):
        await path.client.post("/v1/chat/completions", content=pieces(1000))
    assert sent < 20 << 20, "an endless body is cut off"


async def test_a_compressed_body_is_refused(path: HotPath) -> None:
    response = await path.chat(b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert (response.status_code, openai_code(response)) == (415, "unsupported_encoding")


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer nonsense"},
        {"authorization": "Basic Zm9vOmJhcg=="},
        {"authorization": ""},
        {"authorization": "Bearer ' OR 1=1--"},
        {"authorization": "Bearer " + "k" * 60_000},
        {"authorization": "Bearer gwk_0000000000000000000000000000000000000"},
        {"authorization": "", "x-api-key": "kéy".encode("latin-1")},
    ],
)
async def test_a_bad_key_gets_one_and_the_same_answer(path: HotPath, headers: dict[str, str]) -> None:
    response = await path.chat(headers=headers)
    assert (response.status_code, openai_code(response)) == (401, "invalid_api_key")
    reference = await path.chat(headers={"authorization": "Bearer other"})
    assert response.content == reference.content
    anthropic = await path.client.post("/v1/messages", content=b"{}", headers=headers)
    assert (anthropic.status_code, anthropic.json()["error"]["type"]) == (401, "authentication_error")


async def test_two_different_keys_are_refused(path: HotPath) -> None:
    response = await path.chat(headers={"x-api-key": "other"})
    assert (response.status_code, openai_code(response)) == (400, "invalid_request")
    assert (await path.chat(headers={"x-api-key": path.key})).status_code == 200, "twice the same is fine"


async def test_a_key_alone_in_x_api_key_works(path: HotPath) -> None:
    assert (await path.chat(headers={"authorization": "", "x-api-key": path.key})).status_code == 200


async def test_unknown_paths_and_methods_under_v1_have_the_dialect(path: HotPath) -> None:
    for method, where, status, code in (
        ("POST", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
        ("DELETE", "/v1/embeddings", 405, "method_not_allowed"),
        ("POST", "/v1/models", 405, "method_not_allowed"),
        ("GET", "/v1/models/nobody", 404, "model_not_found"),
    ):
        response = await path.client.request(method, where)
        assert (response.status_code, openai_code(response)) == (status, code), where
        if status == 405:
            assert response.headers["allow"]
    response = await path.client.get("/v1/messages")
    assert (response.status_code, response.json()["type"]) == (405, "error")
    response = await path.client.post("/v1/messages/nothing", content=b"{}")
    assert (response.status_code, response.json()["error"]["type"]) == (404, "not_found_error")


async def test_a_huge_header_is_refused(path: HotPath) -> None:
    response = await path.chat(headers={"x-big": "b" * 100_000})
    assert (response.status_code, openai_code(response)) == (431, "headers_too_large")
    assert (await path.chat(headers={"x-big": "b" * 40_000})).status_code == 200


async def test_raw_garbage_kills_nothing(path: HotPath) -> None:
    host, port = path.url.removeprefix("http://").split(":")
    for garbage in (
        b"\x00" * 100 + b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /v1/chat/completions HTTP/9.9\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(garbage)
        assert b" 200 " not in await asyncio.wait_for(reader.read(), 2)
        writer.close()


async def test_a_key_may_be_confined_expired_and_limited() -> None:
    async with ScriptedUpstream([OK]) as upstream:
        routes = [route([target(provider(upstream.url))], name=name, number=i) for i, name in enumerate("mn")]
        confined = ApiKey(1, "confined", allowed_models=frozenset({"n"}), requests_per_minute=2)
        async with hot_path(*routes, key=confined) as path:
            refused = await path.chat()
            assert (refused.status_code, openai_code(refused)) == (403, "model_not_allowed")
            assert [m["id"] for m in (await path.client.get("/v1/models")).json()["data"]] == ["n"]
            body = msgspec.json.encode(chat_body("n"))
            assert [(await path.chat(body)).status_code for _ in range(2)] == [200, 200]
            limited = await path.chat(body)
            assert (limited.status_code, openai_code(limited)) == (429, "rate_limit_exceeded")
            assert 1 <= int(limited.headers["retry-after"]) <= 30
        async with hot_path(*routes, key=ApiKey(1, "expired", expires_at=1.0)) as path:
            response = await path.chat()
            assert (response.status_code, openai_code(response)) == (401, "invalid_api_key")


async def test_an_unknown_key_while_the_database_is_down_gets_503(path: HotPath) -> None:
    from app.common.secrets import new_api_key

    path.source.fresh = False
    response = await path.chat(headers={"authorization": f"Bearer {new_api_key()}"})
    assert (response.status_code, openai_code(response)) == (503, "auth_unavailable")
    assert response.headers["retry-after"]
    assert (await path.chat()).status_code == 200, "known keys go on"
    malformed = await path.chat(headers={"authorization": "Bearer gwk_x"})
    assert malformed.status_code == 401
