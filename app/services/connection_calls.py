"""The calls of a connection test, built and sent as live traffic's are; bounded in what is read of their answers."""

from typing import Any, Final

import httpx
import msgspec

from app.common.clock import Clock
from app.common.shapes import content_coding
from app.domain.connection_test import ConnectionStage
from app.domain.model import Target
from app.domain.provider import Provider
from app.gateway.head import Head
from app.gateway.unpack import Unpacker
from app.gateway.upstream import UpstreamRequests
from app.protocols.endpoints import CHAT, EMBEDDINGS, MESSAGES, RESPONSES, Endpoint
from app.protocols.envelope import peek
from app.protocols.sse import SseDecoder
from app.providers.call import Call, Upstream, wire_of

MOST_READ: Final = 64 * 1024
"""Bytes of an answer."""
MOST_LISTED: Final = 4 * 1024 * 1024
"""Bytes of a list of models: some providers have hundreds, each with its prices."""

_HEADERS: Final = [
    (b"content-type", b"application/json"),
    (b"accept", b"*/*"),
    (b"user-agent", b"llm-gateway connection test"),
]
_PROMPT: Final = "Say OK."
_MESSAGES: Final[dict[str, Any]] = {"messages": [{"role": "user", "content": _PROMPT}]}
_BODIES: Final[dict[Endpoint, dict[str, Any]]] = {
    CHAT: _MESSAGES,
    MESSAGES: _MESSAGES,
    RESPONSES: {"input": _PROMPT},
    EMBEDDINGS: {"input": _PROMPT},
}
_BRIEFLY: Final[dict[Endpoint, tuple[dict[str, Any], ...]]] = {
    CHAT: ({"max_tokens": 1}, {"max_completion_tokens": 1}, {}),
    MESSAGES: ({"max_tokens": 1},),
    RESPONSES: ({"max_output_tokens": 16}, {}),
    EMBEDDINGS: ({},),
}
"""How to ask for a short answer. Models that refuse one way, reasoning ones above all, are asked in the next."""
_LIMIT_WORDS: Final = (b"max_tokens", b"max_completion_tokens", b"max_output_tokens", b"output limit")


class Trouble(Exception):
    """A stage failed for a cause of `connection_causes`."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.detail = detail


class Reply(msgspec.Struct):
    """What the provider answered, its first bytes at least."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Calls:
    """Calls to one provider."""

    def __init__(self, upstream: Upstream, provider: Provider, clock: Clock) -> None:
        self._upstream = upstream
        self._provider = provider
        self._clock = clock
        self._requests = UpstreamRequests()
        self._brief = 0
        self.begun = False
        """Bytes of an answer have come."""

    def url(self, endpoint: Endpoint) -> httpx.URL:
        """Where calls to an endpoint go."""
        return self._requests.prepare(self._provider, endpoint).url

    async def models(self) -> Reply:
        """The list of models, asked for with the headers of a call."""
        listing = Endpoint("models", self._provider.protocol)
        like = self._request(listing, "m", {})
        headers = [(name, value) for name, value in like.headers if name != b"content-type"]
        prepared = self._requests.prepare(self._provider, listing, method="GET")
        return await self._send(Call(prepared, headers, wire_of(prepared, headers), [], 0), MOST_LISTED)

    async def answer(self, endpoint: Endpoint, model: str) -> Reply:
        """A short answer, not streamed."""
        ways = _BRIEFLY[endpoint]
        while True:
            reply = await self._send(self._request(endpoint, model, ways[self._brief]), MOST_READ)
            refused = reply.status == 400 and any(word in reply.body for word in _LIMIT_WORDS)
            if not refused or self._brief + 1 == len(ways):
                return reply
            self._brief += 1

    async def stream(self, endpoint: Endpoint, model: str, stage: ConnectionStage) -> Reply:
        """The same as a stream; how it came is noted in `stage` as it comes."""
        body = {**_BRIEFLY[endpoint][self._brief], "stream": True}
        return await self._send(self._request(endpoint, model, body), MOST_READ, stage)

    def _request(self, endpoint: Endpoint, model: str, more: dict[str, Any]) -> Call:
        target = Target(0, self._provider, model, rule="", priority=0, weight=1)
        body = msgspec.json.encode({"model": model, **_BODIES.get(endpoint, {}), **more})
        head = Head()
        head.passed = _HEADERS
        return self._requests.build(target, endpoint, b"", head, body, peek(body))

    async def _send(self, call: Call, most: int, stage: ConnectionStage | None = None) -> Reply:
        started = self._clock.monotonic()
        answer = await self._upstream.send(call)
        try:
            coding = content_coding(answer.headers, answer.shape)
            unpacker = Unpacker(coding) if coding else None
            reply = Reply(answer.status, answer.headers, b"")
            events = SseDecoder()
            async for piece in answer:
                plain = unpacker.feed(piece) if unpacker else piece
                if stage is not None and reply.status == 200:
                    if not self.begun:
                        stage.first_byte_ms = round((self._clock.monotonic() - started) * 1000)
                    stage.chunks = (stage.chunks or 0) + len(events.feed(plain))
                self.begun = True
                reply.body += plain
                if len(reply.body) >= most:
                    break
            return reply
        finally:
            await answer.aclose()
