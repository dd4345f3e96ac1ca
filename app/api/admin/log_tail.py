"""The log as it is written: server-sent events (WHATWG HTML, part 9.2), which browsers resume by themselves."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from litestar.types import Message, Receive, Scope, Send
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.auth import authenticate
from app.api.admin.log_filter import provide_log_filter
from app.api.admin.schemas.log import Log
from app.api.admin.schemas.log_tail import LogNews
from app.api.state import gateway_of, services_of
from app.common.errors import Unauthenticated, Unavailable
from app.repositories.log_filters import LogFilter
from app.services.log_tail import LogTail, LogTails, News

POLL_SECONDS: Final = 0.4
PING_SECONDS: Final = 10.0
SLOW_SECONDS: Final = 30.0
"""A reader that takes nothing for so long is not served any more; it can resume."""

AnyRequest = Request[Any, Any, Any]

After = Annotated[
    str | None,
    QueryParameter(max_length=200, description="Id of the last event seen, to resume behind it."),
]
LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID", max_length=200, description="The same; what browsers send. It counts for more."
    ),
]

_EVENTS: Final = ResponseSpec(
    LogNews,
    media_type="text/event-stream",
    description="Server-sent events without end. Each has JSON of this shape as its `data`.",
    generate_examples=False,
)


class LogTailController(Controller):
    path = "/logs/tail"
    tags = ("Logs",)
    dependencies = {"log_filter": Provide(provide_log_filter)}  # noqa: RUF012  # as Litestar declares it

    @get(
        summary="Follow the log",
        description=(
            "Server-sent events: records that match all filters given, each once, as they are written; whatever time"
            " their requests came. An event without `event` has records (`LogNews`); its `id` is for `Last-Event-ID` or"
            " `after`, and is good for an hour. `event: gap` says that it was older, and records are missing here that"
            " the list has; `event: end` that the session is over or the gateway stops. Every 10 s at least there is an"
            " `id` alone. At most 20 clients of one process are served; others get 503 `overloaded`."
        ),
        media_type="text/event-stream",
        responses={200: _EVENTS},
    )
    async def tail_logs(
        self,
        request: AnyRequest,
        db_session: NamedDependency[AsyncSession],
        log_filter: NamedDependency[LogFilter],
        after: After = None,
        last_event_id: LastEventId = None,
    ) -> Stream:
        tails = services_of(request).tails
        tail = await tails.tail(db_session, log_filter, last_event_id or after)
        return _Events(tails, _events(request, tail))


class _Events(Stream):
    """The answer: counted among the tails while it is sent, and ended when its reader takes nothing."""

    def __init__(self, tails: LogTails, events: AsyncIterator[bytes]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})
        self._tails = tails

    def to_asgi_response(self, *args: Any, **given: Any) -> ASGIResponse:
        answer = super().to_asgi_response(*args, **given)

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_in_time(message: Message) -> None:
                async with asyncio.timeout(SLOW_SECONDS):
                    await send(message)

            with self._tails.opened():
                await answer(scope, receive, send_in_time)

        return counted  # type: ignore[return-value]  # all that is done with it is to call it


async def _events(request: AnyRequest, tail: LogTail) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    yield b"retry: 1000\n" + _event(tail.cursor)
    if tail.gap:
        yield b"event: gap\ndata: {}\n\n"
    said = asked = clock()
    while not gateway_of(request).draining:
        if clock() - asked >= PING_SECONDS:
            asked = clock()
            if not await _may_go_on(request):
                yield b'event: end\ndata: {"reason":"session_over"}\n\n'
                return
        news = await _read(tail)
        if news is not None and news.rows:
            said = clock()
            items = LogNews(items=[Log.of(row) for row in news.rows])
            yield _event(news.cursor, msgspec.json.encode(items))
        elif clock() - said >= PING_SECONDS:
            said = clock()
            yield _event(tail.cursor)
        if news is None or not news.more:
            await asyncio.sleep(POLL_SECONDS)
    yield b'event: end\ndata: {"reason":"draining"}\n\n'


async def _read(tail: LogTail) -> News | None:
    """None while the database does not answer: the tail goes on when it does."""
    try:
        return await tail.read()
    except Unavailable:
        return None


async def _may_go_on(request: AnyRequest) -> bool:
    try:
        await authenticate(request, is_use=False)
    except Unauthenticated:
        return False
    except Unavailable:
        return True
    return True


def _event(cursor: str, data: bytes | None = None) -> bytes:
    """Without data nothing is dispatched, but the reader remembers the id."""
    return b"id: %b\n%b\n" % (cursor.encode(), b"" if data is None else b"data: %b\n" % data)
