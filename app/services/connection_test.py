"""Runs a connection test: the way to a provider stage by stage, then calls as live traffic makes them.

Addresses, dialling, TLS, URLs, headers and errors are those of `providers` and `gateway`, so that what works here works
for clients. Nothing is logged. `provider_tests.py` next door says which provider is tested.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import httpx
import msgspec

from app.common.clock import Clock, SystemClock
from app.common.sanitizer import without
from app.domain.connection_test import ConnectionStage, ConnectionTest, StageName, StageStatus
from app.domain.provider import Provider
from app.protocols.endpoints import CHAT, EMBEDDINGS, MESSAGES, RESPONSES, Endpoint
from app.providers.addresses import BlockedUrl, check_url, is_blocked
from app.providers.transport import Resolver, Transport
from app.services.connection_calls import Calls, Reply, Trouble
from app.services.connection_causes import ADVICE, of_error, of_status

MOST_SHOWN: Final = 2_000
"""Characters of what a provider said."""
MOST_MODELS: Final = 1_000

_NOT_FOR_CHAT: Final = (
    "embed",
    "whisper",
    "tts",
    "dall-e",
    "image",
    "moderation",
    "audio",
    "realtime",
    "rerank",
)
_MARKS: Final = {CHAT: "choices", MESSAGES: "content", RESPONSES: "output", EMBEDDINGS: "data"}
"""A member that every answer of the endpoint has."""
_WITHOUT_LIST: Final = "not needed for calls"


class Patience(msgspec.Struct, frozen=True):
    """The longest each may take, in seconds."""

    way: float = 5.0
    answer: float = 10.0
    whole: float = 20.0


class Question(msgspec.Struct, frozen=True):
    """What is to be tested."""

    provider: Provider
    endpoint: Endpoint
    model: str | None
    """To ask for an answer; None takes one of the provider's list."""
    unusable: str | None = None
    """Cause: the credential can't be had, so that calls would not be made."""
    unusable_detail: str = ""


Step = ConnectionStage | ConnectionTest


async def run(
    question: Question,
    patience: Patience = Patience(),  # noqa: B008  # it is immutable
    *,
    clock: Clock | None = None,
    resolver: Resolver | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncGenerator[Step]:
    """Each stage when it is over, some once more when a later one shed light on it; at the end the whole."""
    clock = clock or SystemClock()
    resolver = resolver or Resolver(clock)
    transport = Transport(resolver=resolver, ssl_context=ssl_context, clock=clock)
    try:
        test = _Test(question, patience, clock, resolver, transport)
        async for stage in test.stages():
            yield stage
        yield test.result()
    finally:
        await transport.aclose()


class _Test:
    def __init__(
        self, question: Question, patience: Patience, clock: Clock, resolver: Resolver, transport: Transport
    ) -> None:
        self._question = question
        self._provider = question.provider
        self._patience = patience
        self._clock = clock
        self._resolver = resolver
        self._transport = transport
        self._calls = Calls(transport, question.provider, clock)
        self._end = clock.monotonic() + patience.whole
        self._url = httpx.URL()
        self._model = question.model
        self._models: list[str] = []
        self._done: dict[StageName, ConnectionStage] = {}

    def result(self) -> ConnectionTest:
        answer, stream = self._done[StageName.ANSWER], self._done[StageName.STREAM]
        works = answer.status is StageStatus.OK and stream.status is not StageStatus.FAILED
        return ConnectionTest(
            ok=works,
            model=self._model,
            models=self._models,
            stages=[self._done[name] for name in StageName],
        )

    async def stages(self) -> AsyncIterator[ConnectionStage]:
        works: Mapping[StageName, Callable[[ConnectionStage], Awaitable[None]]] = {
            StageName.ADDRESS: self._address,
            StageName.DNS: self._dns,
            StageName.CONNECT: self._connect,
            StageName.TLS: self._tls,
            StageName.MODELS: self._list,
            StageName.ANSWER: self._answer,
            StageName.STREAM: self._stream,
        }
        stopped = False
        for name, work in works.items():
            stage = self._done[name] = ConnectionStage(name=name, status=StageStatus.SKIPPED)
            if not stopped:
                await self._run(stage, work)
            yield stage
            if name is StageName.MODELS:
                # Some providers have no list, and some credentials may call but not look: the answer decides.
                stopped = stopped or self._question.unusable is not None
            elif name is StageName.ANSWER and stage.status is StageStatus.OK:
                if self._no_list_needed():
                    yield self._done[StageName.MODELS]
            elif stage.status is StageStatus.FAILED:
                stopped = True

    def _no_list_needed(self) -> bool:
        listed = self._done[StageName.MODELS]
        if listed.status is not StageStatus.FAILED:
            return False
        listed.status, listed.cause, listed.advice = StageStatus.SKIPPED, None, None
        listed.detail = f"{listed.http_status or ''} {_WITHOUT_LIST}".strip()
        return True

    async def _run(self, stage: ConnectionStage, work: Callable[[ConnectionStage], Awaitable[None]]) -> None:
        started = self._clock.monotonic()
        is_call = stage.name in (StageName.ANSWER, StageName.STREAM)
        limit = min(self._patience.answer if is_call else self._patience.way, self._end - started)
        if limit <= 0:
            self._fail(stage, "timeout", "")
            return
        stage.status = StageStatus.OK
        self._calls.begun = False
        try:
            async with asyncio.timeout(limit):
                await work(stage)
        except TimeoutError:
            self._fail(stage, "timeout", "")
        except Trouble as trouble:
            self._fail(stage, trouble.cause, trouble.detail)
        except httpx.TransportError as error:
            why = f"{error}: {error.__cause__}" if error.__cause__ else str(error)
            self._fail(stage, of_error(error, begun=self._calls.begun), why)
        stage.ms = round((self._clock.monotonic() - started) * 1000)

    def _fail(self, stage: ConnectionStage, cause: str, detail: str) -> None:
        stage.status = StageStatus.FAILED
        stage.cause, stage.advice = cause, ADVICE[cause]
        stage.detail = detail[:MOST_SHOWN]

    async def _address(self, stage: ConnectionStage) -> None:
        try:
            check_url(self._provider.base_url)
        except BlockedUrl as error:
            raise Trouble("blocked_url", str(error)) from None
        self._url = httpx.URL(self._provider.base_url)
        stage.detail = str(self._calls.url(self._question.endpoint))

    async def _dns(self, stage: ConnectionStage) -> None:
        addresses = await self._resolver.resolve(self._url.raw_host.decode("ascii"))
        allowed = [str(address) for address in addresses if not is_blocked(address)]
        if not allowed:
            raise Trouble("blocked_address", ", ".join(map(str, addresses)))
        stage.detail = ", ".join(allowed)

    async def _connect(self, stage: ConnectionStage) -> None:
        await self._transport.probe(self._url, tls=False, timeout=self._provider.timeouts.connect)
        stage.detail = self._url.netloc.decode("ascii")

    async def _tls(self, stage: ConnectionStage) -> None:
        if self._url.scheme != "https":
            stage.status = StageStatus.SKIPPED
            return
        provider = self._provider
        await self._transport.probe(
            self._url, tls=True, verify_tls=provider.verify_tls, timeout=provider.timeouts.connect
        )

    async def _list(self, stage: ConnectionStage) -> None:
        if self._question.unusable is not None:
            raise Trouble(self._question.unusable, self._question.unusable_detail)
        reply = await self._calls.models()
        self._note(stage, reply)
        found = _json(reply)
        listed = found.get("data")
        if not isinstance(listed, list):
            raise Trouble("not_an_answer", stage.detail)
        names = [each["id"] for each in listed if isinstance(each, dict) and isinstance(each.get("id"), str)]
        self._models = names[:MOST_MODELS]
        if self._model is None:
            self._model = _likely(names, self._question.endpoint)
        stage.detail = ", ".join(names)[:MOST_SHOWN]

    async def _answer(self, stage: ConnectionStage) -> None:
        if self._model is None:
            stage.status = StageStatus.SKIPPED
            if self._done[StageName.MODELS].cause != "unauthorized":
                stage.cause, stage.advice = "no_model", ADVICE["no_model"]
            return
        reply = await self._calls.answer(self._question.endpoint, self._model)
        self._note(stage, reply)
        if _MARKS[self._question.endpoint] not in _json(reply):
            raise Trouble("not_an_answer", stage.detail)

    async def _stream(self, stage: ConnectionStage) -> None:
        if self._model is None or self._question.endpoint is EMBEDDINGS:
            stage.status = StageStatus.SKIPPED
            return
        streamed = await self._calls.stream(self._question.endpoint, self._model, stage)
        self._note(stage, streamed)
        if not stage.chunks:
            if _MARKS[self._question.endpoint] not in _json(streamed):
                raise Trouble("not_an_answer", stage.detail)
            stage.detail = ""

    def _note(self, stage: ConnectionStage, reply: Reply) -> None:
        """:raises Trouble: it is no success."""
        stage.http_status = reply.status
        said = without(reply.body, self._provider.credential).decode("utf-8", "replace")
        stage.detail = said[:MOST_SHOWN]
        if reply.status != 200:
            cause = of_status(reply.status)
            listed = self._done[StageName.MODELS]
            if cause == "not_found" and stage is not listed and listed.status is StageStatus.OK:
                cause = "model_not_found"
            raise Trouble(cause, stage.detail)
        if reply.body.lstrip()[:1] == b"<":
            raise Trouble("html", stage.detail)


def _json(reply: Reply) -> dict[str, Any]:
    """:raises Trouble: it is no JSON object."""
    try:
        return msgspec.json.decode(reply.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Trouble("not_json", reply.body.decode("utf-8", "replace")[:MOST_SHOWN]) from None


def _likely(names: list[str], endpoint: Endpoint) -> str | None:
    """A model of the list that probably answers at the endpoint."""
    wanted = endpoint is EMBEDDINGS
    for name in names:
        lower = name.lower()
        if ("embed" in lower) if wanted else not any(word in lower for word in _NOT_FOR_CHAT):
            return name
    return names[0] if names else None
