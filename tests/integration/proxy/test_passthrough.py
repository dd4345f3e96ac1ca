"""Byte-exact pass-through: upstream gets the client's bytes with only `model` replaced, the client the upstream's."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.provider import Protocol
from tests.support.hotpath import chat_body, hot_path, provider, route, target
from tests.support.sockets import ScriptedUpstream
from tests.support.sse import anthropic_stream, openai_stream


def answer(body: bytes, *headers: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


ODD = (
    b'\n{ "temperature" : 1.0,\t"top_p":1e-7, "unknown":{"b":1,"a":2,"b":3}, "model" : "m" ,'
    b'"messages":[ {"role":"user","content":"\\u00e9\\ud83d\\ude00 \xe2\x82\xac / \\/"}],'
    b' "n":1E+2,"big":12345678901234567890,"z":-0 ,"seed":null}\r\n'
)


async def test_odd_spellings_survive() -> None:
    reply = b'{"id":1.0, "usage" : {"prompt_tokens":1e1},"x":"\\u0041","a":1,"a":2}\n'
    async with (
        ScriptedUpstream([answer(reply)]) as upstream,
        hot_path(route([target(provider(upstream.url))])) as path,
    ):
        response = await path.chat(ODD)
        assert response.content == reply
        assert upstream.requests[0].body == ODD.replace(b'"model" : "m"', b'"model" : "upstream-1"')
        assert upstream.requests[0].target == "/v1/chat/completions"


def spelled(value: Any, draw: Any) -> str:
    """JSON text of a value with white space, number spellings and escapes drawn at will."""
    blank = draw(st.sampled_from(["", " ", "\n", "\t ", "\r\n"]))
    if isinstance(value, dict):
        members = [f"{blank}{spelled(k, draw)}{blank}:{spelled(v, draw)}" for k, v in value.items()]
        if members and draw(st.booleans()):
            members.append(members[0])  # a duplicate key
        return "{" + ",".join(members) + blank + "}"
    if isinstance(value, list):
        return "[" + ",".join(blank + spelled(v, draw) for v in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=draw(st.booleans()))
    if isinstance(value, int) and not isinstance(value, bool):
        return draw(st.sampled_from([f"{value}", f"{value}.0", f"{value}e0", f"{value}E+00"]))
    return json.dumps(value)


text = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def bodies(draw: Any) -> tuple[bytes, bytes]:
    """A request body, and the same with `model` replaced."""
    fields = draw(st.dictionaries(text.filter(lambda k: k not in ("model", "stream")), values, max_size=5))
    members = [f"{spelled(k, draw)}: {spelled(v, draw)}" for k, v in fields.items()]
    place = draw(st.integers(0, len(members)))
    key = draw(st.sampled_from(['"model"', '"mod\\u0065l"']))
    model = draw(st.sampled_from(['"m"', '"\\u006d"']))
    parts = [
        "{" + ",".join([*members[:place], f" {key} :{name} ", *members[place:]]) + "}"
        for name in (model, '"upstream-1"')
    ]
    return parts[0].encode(), parts[1].encode()


async def test_any_json_goes_through_byte_for_byte() -> None:
    async with (
        ScriptedUpstream([answer(b"{}")]) as upstream,
        hot_path(route([target(provider(upstream.url))])) as path,
    ):
        loop = asyncio.get_running_loop()

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(bodies())
        def check(pair: tuple[bytes, bytes]) -> None:
            sent, expected = pair
            upstream.requests.clear()
            response = asyncio.run_coroutine_threadsafe(path.chat(sent), loop).result(10)
            assert response.status_code == 200, response.text
            assert upstream.requests[0].body == expected

        await asyncio.to_thread(check)


@pytest.mark.parametrize("protocol", list(Protocol))
async def test_streams_are_relayed_as_bytes_and_read_aside(protocol: Protocol) -> None:
    anthropic = protocol is Protocol.ANTHROPIC
    events = b": OPENROUTER PROCESSING\r\n\r\n" + (
        anthropic_stream("Hello", "world", input_tokens=7, output_tokens=4)
        if anthropic
        else openai_stream("Hello", "world", usage={"prompt_tokens": 7, "completion_tokens": 4})
    )
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    script = [
        head,
        *(b"%x\r\n%b\r\n" % (len(p), p) for p in (events[:50], events[50:51], events[51:])),
        b"0\r\n\r\n",
    ]
    one = target(provider("", protocol=protocol))
    async with ScriptedUpstream(script) as upstream:
        one = target(provider(upstream.url, protocol=protocol))
        async with hot_path(route([one])) as path:
            where = "/v1/messages?beta=true" if anthropic else "/v1/chat/completions"
            response = await path.client.post(where, content=msgspec.json.encode(chat_body(stream=True)))
            assert response.content == events
            assert response.headers["content-type"] == "text/event-stream"
            assert upstream.requests[0].target == where
            (record,) = await path.records.wait(1)
            assert record.usage is not None
            assert (record.usage.input, record.usage.output) == (7, 4)
            assert record.response_body == events
            assert record.is_stream


async def test_headers_follow_the_policy_both_ways() -> None:
    reply = answer(
        b"{}",
        "Server: up",
        "Set-Cookie: a=b",
        "X-Request-Id: up-1",
        "Retry-After-Ms: 5",
        "x-ratelimit-remaining-requests: 9",
        "Access-Control-Allow-Origin: *",
        "openai-processing-ms: 12",
        "Connection: X-Hop",
        "X-Hop: 1",
    )
    async with (
        ScriptedUpstream([reply]) as upstream,
        hot_path(route([target(provider(upstream.url, headers=(("x-fixed", "f"),)))])) as path,
    ):
        headers = {
            "anthropic-beta": "a,b",
            "x-stainless-lang": "python",
            "session-id": "s",
            "cookie": "c=1",
            "x-goog-api-key": "g",
            "x-forwarded-for": "1.2.3.4",
            "origin": "http://evil",
            "x-gw-log": "off",
            "connection": "x-secret, keep-alive",
            "x-secret": "hidden",
            "x-echo": f"my key is {path.key}",
        }
        response = await path.chat(headers=headers)
        sent = {name.lower(): value for name, value in upstream.requests[0].headers}
        assert sent["authorization"] == "Bearer sk-upstream-credential"
        assert sent["host"] == upstream.url.removeprefix("http://")
        assert {k: sent[k] for k in ("anthropic-beta", "x-stainless-lang", "session-id", "x-fixed")} == {
            "anthropic-beta": "a,b",
            "x-stainless-lang": "python",
            "session-id": "s",
            "x-fixed": "f",
        }
        gone = (
            "cookie",
            "x-goog-api-key",
            "x-forwarded-for",
            "origin",
            "x-gw-log",
            "x-secret",
            "x-echo",
            "x-api-key",
        )
        assert not [name for name in gone if name in sent]
        assert path.key not in upstream.requests[0].head.decode("latin-1")

        got = response.headers
        assert got["x-upstream-request-id"] == "up-1"
        assert got["x-request-id"] == (await path.records.wait(1))[0].request_id
        assert (got["retry-after-ms"], got["x-ratelimit-remaining-requests"]) == ("5", "9")
        assert got["openai-processing-ms"] == "12"
        assert (got["x-gw-provider"], got["x-gw-model"]) == ("provider-1", "upstream-1")
        assert not [n for n in ("set-cookie", "server", "access-control-allow-origin", "x-hop") if n in got]


async def test_a_provider_of_the_other_protocol_is_no_candidate_and_the_error_says_so() -> None:
    async with ScriptedUpstream([answer(b"{}")]) as upstream:
        foreign = target(provider(upstream.url, protocol=Protocol.ANTHROPIC))
        ruled = target(
            provider(upstream.url, 2), rule='headers.x-priority == "high" and body.temperature <= 0.5'
        )
        async with hot_path(route([foreign, ruled])) as path:
            response = await path.chat(headers={"x-priority": "low-secret"})
            assert response.status_code == 422
            error = response.json()["error"]
            assert error["code"] == "no_matching_provider"
            assert "provider-1: does not speak the openai protocol" in error["message"]
            assert 'provider-2: refused by `headers.x-priority == "high"`' in error["message"]
            assert "low-secret" not in error["message"]
            body = msgspec.json.encode(chat_body(temperature=0.4))
            assert (await path.chat(body, headers={"x-priority": "high"})).headers[
                "x-gw-provider"
            ] == "provider-2"
            first, second = await path.records.wait(2)
            assert [(v.target_id, v.passed) for v in first.trace] == [(None, True), (1, False), (2, False)]
            assert (first.status, first.error_code) == (422, "no_matching_provider")
            assert second.trace[1].refused_by == "protocol"


async def test_redirects_are_never_followed_and_cookies_never_kept() -> None:
    moved = answer(b"", "Location: http://169.254.169.254/", status="302 Found")
    cookie = answer(b"{}", "Set-Cookie: session=1; Path=/")
    async with (
        ScriptedUpstream([moved], [cookie], [cookie]) as upstream,
        hot_path(route([target(provider(upstream.url))])) as path,
    ):
        refused = await path.chat()
        assert (refused.status_code, refused.json()["error"]["code"]) == (502, "upstream_protocol")
        assert "location" not in refused.headers
        await path.chat()
        await path.chat()
        assert upstream.requests[2].header("cookie") is None


async def test_models_are_listed_in_both_dialects_and_the_root_answers_at_once() -> None:
    async with ScriptedUpstream([answer(b"{}")]) as upstream:
        one = target(provider(upstream.url))
        routes = [
            route([one], name=name, number=i) for i, name in enumerate(("gpt-4o", "meta-llama/Llama-3"))
        ]
        async with hot_path(*routes) as path:
            listed = (await path.client.get("/v1/models")).json()
            assert listed["object"] == "list"
            assert [m["id"] for m in listed["data"]] == ["gpt-4o", "meta-llama/Llama-3"]
            assert (await path.client.get("/v1/models/meta-llama/Llama-3")).json()["object"] == "model"
            assert (await path.client.get("/v1/models/meta-llama%2FLlama-3")).json()[
                "id"
            ] == "meta-llama/Llama-3"
            anthropic = {"anthropic-version": "2023-06-01"}
            page = (await path.client.get("/v1/models", headers=anthropic)).json()
            assert (page["has_more"], page["first_id"], page["data"][0]["type"]) == (False, "gpt-4o", "model")
            missing = await path.client.get("/v1/models/no", headers=anthropic)
            assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found_error")
            assert (await path.client.get("/v1/models", headers={"authorization": "x"})).status_code == 401
            probe = await path.client.head("/", headers={"authorization": ""})
            assert (probe.status_code, probe.content) == (200, b"")
