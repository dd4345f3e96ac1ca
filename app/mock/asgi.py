"""The pretend provider as a bare ASGI application: routes, keys, faults. `server.py` next door runs it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any

import msgspec

from app.common.clock import Clock, SystemClock
from app.common.ids import request_id
from app.mock import anthropic, openai, openai_responses
from app.mock.faults import NAMES, Fault, fault_of
from app.mock.reply import BadRequest, Json, Prompt, Reply, compose

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CUT_AFTER_EVENTS = 3


class Route(msgspec.Struct, frozen=True):
    """How one POST route answers a request body. Without `events` it never streams."""

    answer: Callable[[Json], Json]
    events: Callable[[Json], Iterator[Json]] | None = None
    done: bool = False
    """A stream ends with `data: [DONE]`."""


def _route(
    read: Callable[[Json], Prompt],
    write: Callable[[Reply], Json],
    events: Callable[[Reply], Iterator[Json]],
    *,
    done: bool = False,
) -> Route:
    return Route(lambda body: write(compose(read(body))), lambda body: events(compose(read(body))), done)


ROUTES = {
    "/chat/completions": _route(openai.read_chat, openai.chat, openai.chat_events, done=True),
    "/completions": _route(openai.read_completion, openai.completion, openai.completion_events, done=True),
    "/embeddings": Route(openai.embeddings),
    "/responses": _route(openai_responses.read, openai_responses.response, openai_responses.events),
    "/messages": _route(anthropic.read, anthropic.message, anthropic.events),
    "/messages/count_tokens": Route(anthropic.token_count),
}


class MockUpstream:
    """The application.

    :param api_key: any other key, or none, gets a 401; None lets everybody in.
    :param pace: seconds between two events of a stream.
    :param slow: seconds that `mock-slow` stays silent.
    """

    def __init__(
        self, api_key: str | None = None, *, pace: float = 0.0, slow: float = 3.0, clock: Clock | None = None
    ) -> None:
        self._api_key = api_key
        self._pace = pace
        self._slow = slow
        self._clock = clock or SystemClock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        await _Call(self, scope, receive, send, headers).run()

    def admits(self, headers: dict[str, str]) -> bool:
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        return self._api_key is None or key == self._api_key

    async def breathe(self) -> None:
        if self._pace:
            await self._clock.sleep(self._pace)

    async def dawdle(self) -> None:
        await self._clock.sleep(self._slow)


class _Call:
    """One request on its way through."""

    def __init__(
        self, upstream: MockUpstream, scope: Scope, receive: Receive, send: Send, headers: dict[str, str]
    ) -> None:
        self.upstream = upstream
        self.receive = receive
        self.send = send
        self.headers = headers
        self.method: str = scope["method"]
        self.path = str(scope["path"]).removeprefix("/v1")
        self.is_anthropic = self.path.startswith("/messages") or "anthropic-version" in headers
        self.id = f"req_{request_id().replace('-', '')}"

    async def run(self) -> None:
        body = await self._body()
        if self.path in ("", "/"):
            return await self._json({})
        if not self.upstream.admits(self.headers):
            return await self._error(401, "Incorrect API key provided.", code="invalid_api_key")
        if self.path == "/models" or self.path.startswith("/models/"):
            return await self._models()
        route = ROUTES.get(self.path)
        if route is None or self.method != "POST":
            return await self._error(
                404 if route is None else 405, f"Unknown request: {self.method} {self.path}"
            )
        try:
            request = msgspec.json.decode(body, type=dict[str, Any])
            if not isinstance(request.get("model"), str):
                raise BadRequest("you must provide a model parameter", "model")
            return await self._answer(route, request, fault_of(request["model"]))
        except BadRequest as error:
            return await self._error(400, str(error), error.param)
        except (msgspec.DecodeError, AttributeError, KeyError, TypeError):
            return await self._error(400, "The request body could not be understood.")

    async def _answer(self, route: Route, request: Json, fault: Fault) -> None:
        if fault.status:
            extra = {"retry-after": "1"} if fault.status in (429, 529) else {}
            return await self._error(fault.status, f"The model asked for a {fault.status}.", extra=extra)
        if fault.hang:
            while (await self.receive())["type"] != "http.disconnect":
                pass
            return None
        if fault.slow:
            await self.upstream.dawdle()
        if request.get("stream") and route.events:
            return await self._stream(_frames(route.events(request), route.done), fault)
        payload = msgspec.json.encode(route.answer(request))
        sent = payload[: len(payload) // 2] if fault.cut or fault.malformed else payload
        return await self._plain(200, sent, promised=len(payload) if fault.cut else len(sent))

    async def _stream(self, frames: Iterable[bytes], fault: Fault) -> None:
        await self._start(
            200, {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        )
        for number, frame in enumerate(frames):
            if number:
                await self.upstream.breathe()
            if fault.cut and number == CUT_AFTER_EVENTS:
                return  # the server closes the connection without the last chunk
            broken = frame.replace(b"data: {", b"data: {,", 1) if fault.malformed and number == 1 else frame
            await self.send({"type": "http.response.body", "body": broken, "more_body": True})
        await self.send({"type": "http.response.body", "body": b""})

    async def _models(self) -> None:
        name = self.path.removeprefix("/models").removeprefix("/")
        dialect = anthropic if self.is_anthropic else openai
        if name and name not in NAMES:
            return await self._error(404, f"The model `{name}` does not exist", code="model_not_found")
        return await self._json(dialect.model(name) if name else dialect.models(NAMES))

    async def _error(
        self,
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        extra: dict[str, str] | None = None,
    ) -> None:
        if self.is_anthropic:
            value = anthropic.error(status, message, self.id)
        else:
            value = openai.error(status, message, param, code)
        await self._plain(status, msgspec.json.encode(value), extra=extra)

    async def _json(self, value: Json) -> None:
        await self._plain(200, msgspec.json.encode(value))

    async def _plain(
        self, status: int, payload: bytes, *, promised: int | None = None, extra: dict[str, str] | None = None
    ) -> None:
        length = len(payload) if promised is None else promised
        headers = {"content-type": "application/json", "content-length": str(length)}
        await self._start(status, headers | (extra or {}))
        await self.send({"type": "http.response.body", "body": payload, "more_body": length > len(payload)})

    async def _start(self, status: int, headers: dict[str, str]) -> None:
        if self.is_anthropic:
            headers |= {"request-id": self.id, "anthropic-ratelimit-requests-remaining": "999"}
        else:
            headers |= {
                "x-request-id": self.id,
                "x-ratelimit-remaining-requests": "999",
                "openai-version": "mock",
            }
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": pairs})

    async def _body(self) -> bytes:
        parts = []
        while True:
            message = await self.receive()
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                return b"".join(parts)


def _frames(events: Iterable[Json], done: bool) -> Iterator[bytes]:
    """Server-sent events; those with a `type` carry it as their name too."""
    for event in events:
        name = b"event: %b\n" % event["type"].encode() if "type" in event else b""
        yield b"%bdata: %b\n\n" % (name, msgspec.json.encode(event))
    if done:
        yield b"data: [DONE]\n\n"
