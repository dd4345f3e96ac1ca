"""Connection tests against scripted upstreams: each fault has its stage, its cause and the provider's own words."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme

from app.common.clock import SystemClock
from app.domain.connection_test import ConnectionStage, ConnectionTest, StageName, StageStatus
from app.domain.provider import Protocol, Provider, Timeouts
from app.protocols.endpoints import CHAT, EMBEDDINGS, MESSAGES, RESPONSES, Endpoint
from app.providers.transport import Resolver
from app.services.connection_causes import ADVICE
from app.services.connection_test import Patience, Question, run
from tests.support.sockets import (
    CLOSE,
    RESET,
    WAIT,
    ScriptedUpstream,
    Step,
    answer,
    chunk,
    head,
    refused_port,
)
from tests.unit.providers.transport.support import raw_server

CREDENTIAL = "sk-planted-credential-0123456789"
MODELS = answer(b'{"object":"list","data":[{"id":"text-embedding-3"},{"id":"gpt-small"},{"id":"gpt-large"}]}')
CHAT_ANSWER = answer(b'{"choices":[{"message":{"content":"OK"}}]}')
STREAM = [head(), chunk(b'data: {"choices":[]}\n\n'), chunk(b"data: [DONE]\n\n"), chunk(b"")]
UNAUTHORIZED = answer(b'{"error":{"message":"Bad key %b"}}' % CREDENTIAL.encode(), 401)
PAGE = answer(b"<!doctype html><title>Welcome</title>", content_type="text/html")


def provider(base_url: str, protocol: Protocol = Protocol.OPENAI, **changes: Any) -> Provider:
    fields: dict[str, Any] = {
        "id": 1,
        "name": "tested",
        "protocol": protocol,
        "base_url": base_url,
        "credential": CREDENTIAL,
        "headers": (("x-team", "a"),),
        "timeouts": Timeouts(connect=2, first_byte=2, idle=2, total=2),
    }
    return Provider(**fields | changes)


@asynccontextmanager
async def upstream(
    models: Sequence[Step] = (MODELS,),
    plain: Sequence[Step] = (CHAT_ANSWER,),
    stream: Sequence[Step] = STREAM,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream(tls=tls) as server:

        def script(number: int) -> Sequence[Step]:
            request = server.requests[number]
            if request.method == "GET":
                return models
            return stream if json.loads(request.body).get("stream") else plain

        server.script = script
        yield server


async def outcome(
    tested: Provider,
    model: str | None = None,
    endpoint: Endpoint = CHAT,
    patience: Patience = Patience(),  # noqa: B008  # it is immutable
    unusable: str | None = None,
    **more: Any,
) -> ConnectionTest:
    steps = [step async for step in run(Question(tested, endpoint, model, unusable), patience, **more)]
    last = steps.pop()
    assert isinstance(last, ConnectionTest)
    told = {step.name: step for step in steps if isinstance(step, ConnectionStage)}
    assert [told[name] for name in StageName] == last.stages
    assert CREDENTIAL not in str(last)
    for stage in last.stages:
        assert (stage.status is StageStatus.FAILED) <= (stage.cause is not None)
        assert stage.advice == (ADVICE[stage.cause] if stage.cause else None)
    return last


def statuses(result: ConnectionTest) -> str:
    """`+` passed, `-` failed, `.` skipped."""
    marks = {StageStatus.OK: "+", StageStatus.FAILED: "-", StageStatus.SKIPPED: "."}
    return "".join(marks[stage.status] for stage in result.stages)


def failed(result: ConnectionTest) -> ConnectionStage:
    """The first stage that failed."""
    assert not result.ok
    return next(stage for stage in result.stages if stage.status is StageStatus.FAILED)


async def test_all_stages_pass() -> None:
    async with upstream() as server:
        result = await outcome(provider(f"{server.url}/v1"))
    assert (result.ok, statuses(result), result.model) == (True, "+++.+++", "gpt-small")
    assert result.models == ["text-embedding-3", "gpt-small", "gpt-large"]
    stream = result.stages[-1]
    assert (stream.chunks, stream.http_status) == (2, 200)
    assert stream.first_byte_ms is not None
    asked = [(request.method, request.target) for request in server.requests]
    assert asked == [("GET", "/v1/models")] + [("POST", "/v1/chat/completions")] * 2
    for request in server.requests:
        assert request.header("authorization") == f"Bearer {CREDENTIAL}"
        assert request.header("x-team") == "a"
    body = json.loads(server.requests[1].body)
    assert (body["model"], body["max_tokens"]) == ("gpt-small", 1)


async def test_anthropic_is_asked_in_its_own_way() -> None:
    async with upstream(plain=[answer(b'{"content":[]}')]) as server:
        result = await outcome(provider(server.url, Protocol.ANTHROPIC), "claude", MESSAGES)
    assert (result.ok, result.model) == (True, "claude")
    assert [request.target for request in server.requests] == ["/v1/models", "/v1/messages", "/v1/messages"]
    for request in server.requests:
        assert request.header("x-api-key") == CREDENTIAL
        assert request.header("anthropic-version") == "2023-06-01"


async def test_embeddings_are_not_streamed() -> None:
    async with upstream(plain=[answer(b'{"data":[]}')]) as server:
        result = await outcome(provider(server.url), endpoint=EMBEDDINGS)
    assert (result.ok, statuses(result), result.model) == (True, "+++.++.", "text-embedding-3")


async def test_a_model_that_refuses_the_limit_is_asked_in_another_way() -> None:
    async with upstream() as server:
        usual = server.script

        def script(number: int) -> Sequence[Step]:
            body = server.requests[number].body
            if b'"max_tokens"' in body:
                return [answer(b"Unsupported parameter: 'max_tokens'", 400)]
            if b'"max_completion_tokens"' in body:
                return [answer(b"Could not finish: max_tokens or model output limit was reached", 400)]
            return usual(number)

        server.script = script
        result = await outcome(provider(server.url), "o-thinking")
    assert result.ok
    assert [b"tokens" in request.body for request in server.requests] == [False, True, True, False, False]


@pytest.mark.parametrize("models", [answer(b"no", 404), answer(b"{}", 403), PAGE])
async def test_the_list_of_models_is_not_needed_where_a_model_answers(models: bytes) -> None:
    async with upstream(models=[models]) as server:
        result = await outcome(provider(server.url), "known")
    assert (result.ok, statuses(result)) == (True, "+++..++")
    assert result.stages[4].detail.endswith("not needed for calls")


async def test_without_list_and_model_there_is_nothing_to_ask() -> None:
    async with upstream(models=[answer(b"no", 404)]) as server:
        result = await outcome(provider(server.url))
    assert (result.ok, statuses(result)) == (False, "+++.-..")
    assert (result.stages[4].cause, result.stages[5].cause) == ("not_found", "no_model")


async def test_an_unauthorized_call_shows_the_providers_words_without_the_credential() -> None:
    async with upstream(models=[UNAUTHORIZED], plain=[UNAUTHORIZED]) as server:
        result = await outcome(provider(server.url), "m")
    assert statuses(result) == "+++.--."
    stage = failed(result)
    assert (stage.cause, stage.http_status) == ("unauthorized", 401)
    assert stage.detail == '{"error":{"message":"Bad key ***...***"}}'


@pytest.mark.parametrize(
    ("plain", "cause"),
    [
        ([answer(b"no such thing", 404)], "model_not_found"),
        ([answer(b"slow down", 429)], "rate_limited"),
        ([answer(b"pay", 402)], "payment"),
        ([answer(b"", 405)], "method"),
        ([answer(b"bad", 422)], "refused"),
        ([answer(b"oh", 503)], "upstream_error"),
        ([answer(b"", 302, ("location", "/x"))], "redirect"),
        ([PAGE], "html"),
        ([answer(b"fine")], "not_json"),
        ([answer(b'{"content":[]}')], "not_an_answer"),
        ([head(200, content_type="application/json"), chunk(b'{"choi'), CLOSE], "cut"),
        ([RESET], "reset"),
        ([b"SSH-2.0-OpenSSH\r\n", CLOSE], "protocol"),
    ],
)
async def test_answers_that_are_none(plain: Sequence[Step], cause: str) -> None:
    async with upstream(plain=plain) as server:
        result = await outcome(provider(server.url), "m")
    assert (statuses(result), failed(result).cause) == ("+++.+-.", cause)


@pytest.mark.parametrize(
    ("stream", "cause"),
    [
        ([head(), chunk(b'data: {"choices":[]}\n\n'), CLOSE], "cut"),
        ([answer(b"no", 400)], "refused"),
        ([answer(b"{}")], "not_an_answer"),
    ],
)
async def test_streams_that_break(stream: Sequence[Step], cause: str) -> None:
    async with upstream(stream=stream) as server:
        result = await outcome(provider(server.url), "m")
    assert (statuses(result), failed(result).cause) == ("+++.++-", cause)


async def test_an_answer_in_one_piece_instead_of_a_stream_passes() -> None:
    async with upstream(stream=[CHAT_ANSWER]) as server:
        result = await outcome(provider(server.url), "m")
    assert (result.ok, result.stages[-1].chunks) == (True, 0)


async def test_a_slow_provider_ends_in_time() -> None:
    async with upstream(plain=[WAIT]) as server:
        result = await outcome(provider(server.url), "m", patience=Patience(answer=0.05))
    assert (statuses(result), failed(result).cause) == ("+++.+-.", "timeout")


async def test_all_stages_together_end_in_time() -> None:
    async with upstream(models=[WAIT], plain=[WAIT]) as server:
        result = await outcome(provider(server.url), "m", patience=Patience(whole=0.3))
    assert (statuses(result), failed(result).cause) == ("+++.--.", "timeout")


async def test_a_provider_that_never_stops_talking_is_cut_short() -> None:
    endless: list[Step] = [head(400, content_type="text/plain"), *[chunk(b"x" * 65536)] * 40, WAIT]
    async with upstream(plain=endless) as server:
        result = await outcome(provider(server.url), "m")
    assert failed(result).detail == "x" * 2000


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/v1", "http://[::ffff:169.254.169.254]", "ftp://host", "http://u:p@host"]
)
async def test_addresses_that_are_refused(url: str) -> None:
    result = await outcome(provider(url))
    assert (statuses(result), failed(result).cause) == ("-......", "blocked_url")


async def test_names_without_address_and_names_that_lead_astray() -> None:
    async def nothing(_: str) -> list[str]:
        raise OSError("no such name")

    async def metadata(_: str) -> list[str]:
        return ["169.254.169.254"]

    for lookup, cause in ((nothing, "dns"), (metadata, "blocked_address")):
        resolver = Resolver(SystemClock(), lookup)
        result = await outcome(provider("http://upstream.test"), resolver=resolver)
        assert (statuses(result), failed(result).cause) == ("+-.....", cause)


async def test_a_refused_connection() -> None:
    result = await outcome(provider(f"http://127.0.0.1:{refused_port()}"))
    assert (statuses(result), failed(result).cause) == ("++-....", "connect")
    assert "refused" in failed(result).detail


async def test_a_credential_that_cannot_be_had_is_found_after_the_way_there() -> None:
    async with upstream() as server:
        result = await outcome(provider(server.url, credential=None), "m", unusable="env_missing")
    assert (statuses(result), failed(result).cause) == ("+++.-..", "env_missing")
    assert server.requests == []


def tls_contexts(*names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server with these names, and of a client that trusts its issuer."""
    authority = trustme.CA()
    server, client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert(*names).configure_cert(server)
    authority.configure_trust(client)
    return server, client


async def test_tls() -> None:
    theirs, trusting = tls_contexts("127.0.0.1")
    async with upstream(tls=theirs) as server:
        good = await outcome(provider(server.url), ssl_context=trusting)
        unchecked = await outcome(provider(server.url, verify_tls=False))
        untrusted = await outcome(provider(server.url))
        plain = await outcome(provider(server.url.replace("https", "http")), "m")
    assert (statuses(good), statuses(unchecked)) == ("+++++++", "+++++++")
    assert (statuses(untrusted), failed(untrusted).cause) == ("+++-...", "tls_untrusted")
    assert statuses(plain) == "+++.--."


async def test_tls_with_another_name_and_without_tls() -> None:
    theirs, trusting = tls_contexts("other.test")

    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", 400))

    async with upstream(tls=theirs) as server, raw_server(plain) as without:
        other = await outcome(provider(server.url), ssl_context=trusting)
        none = await outcome(provider(without.replace("http", "https")))
    assert (statuses(other), failed(other).cause) == ("+++-...", "tls_name")
    assert (statuses(none), failed(none).cause) == ("+++-...", "tls_none")


async def test_responses() -> None:
    async with upstream(plain=[answer(b'{"output":[]}')]) as server:
        result = await outcome(provider(server.url), "m", RESPONSES)
    assert result.ok
    assert json.loads(server.requests[1].body) == {"model": "m", "input": "Say OK.", "max_output_tokens": 16}
