"""Usage of an answer, read from a copy of the bytes that pass. Each wire format has a package of its own next door."""

from collections.abc import Callable
from typing import Final

import msgspec

from app.domain.usage import Usage
from app.protocols.answer import Answer
from app.protocols.anthropic_messages import answer as anthropic_messages
from app.protocols.anthropic_messages.answer import CountTokensAnswer, MessagesAnswer
from app.protocols.openai_chat import answer as openai_chat
from app.protocols.openai_chat.answer import ChatAnswer, EmbeddingsAnswer
from app.protocols.openai_responses.answer import ResponsesAnswer
from app.protocols.sse import Event, SseDecoder

_ANSWERS: Final[dict[str, Callable[[], Answer]]] = {
    "chat/completions": ChatAnswer,
    "completions": ChatAnswer,
    "embeddings": EmbeddingsAnswer,
    "responses": ResponsesAnswer,
    "messages": MessagesAnswer,
    "messages/count_tokens": CountTokensAnswer,
}

_QUICK: Final[dict[str, Callable[[bytes], Usage | None]]] = {
    "chat/completions": openai_chat.quick_usage,
    "completions": openai_chat.quick_usage,
    "messages": anthropic_messages.quick_usage,
}
"""Looks for a usual report alone, for a third of the cost."""

_QUICK_STREAM: Final[dict[str, Callable[[bytes], Usage | None]]] = {
    "chat/completions": openai_chat.quick_stream,
    "completions": openai_chat.quick_stream,
    "messages": anthropic_messages.quick_stream,
}
"""Looks at the ends of a whole stream alone, where they say everything."""

_MOST_KEPT: Final = 32 * 1024
"""Bytes of a stream that are kept unread."""

_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class UsageReader:
    """Reads a stream as it passes: `feed` every chunk, `close` at its end, then ask. Nothing here ever raises.

    What is fed is only kept, until somebody asks or there is much of it: a stream that ended well says all that is
    wanted in its last events.

    :param endpoint: name of the route (`endpoints.py`).
    """

    __slots__ = ("_answer", "_endpoint", "_events", "_is_begun", "_kept", "_known", "_size")

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._answer = _ANSWERS[endpoint]()
        self._events = SseDecoder()
        self._kept: list[bytes] = []
        self._size = 0
        self._is_begun = False
        """Events have been read."""
        self._known: Usage | None = None
        """Of a whole stream that ended well; the rest of it needs no look."""

    def feed(self, chunk: bytes) -> None:
        self._kept.append(chunk)
        self._size += len(chunk)
        if self._size > _MOST_KEPT:
            self._read()

    def close(self) -> None:
        """The stream is over; an event without its last line end still counts."""
        quick = None if self._is_begun else _QUICK_STREAM.get(self._endpoint)
        if quick is not None:
            usage = quick(b"".join(self._kept))
            if usage is not None:
                self._known = usage
                return
        self._read()
        self._take(self._events.close())

    def _read(self) -> None:
        """Read what is kept."""
        if self._kept:
            self._is_begun = True
            chunk = b"".join(self._kept)
            self._kept.clear()
            self._size = 0
            self._take(self._events.feed(chunk))

    def _take(self, events: list[Event]) -> None:
        take = self._answer.take
        for event in events:
            if event.event == "error":
                self._answer.error = True
            try:
                take(event.event, event.data)
            except _UNREADABLE:
                continue  # the client got the bytes all the same; here they say nothing

    @property
    def usage(self) -> Usage | None:
        """As reported so far; None while nothing was."""
        if self._known is not None:
            return self._known
        self._read()
        return self._answer.usage

    @property
    def ended(self) -> bool:
        """The protocol's own end was seen: what came is a whole answer."""
        if self._known is not None:
            return True
        self._read()
        return self._answer.ended

    @property
    def error(self) -> bool:
        """The upstream sent an error event."""
        if self._known is not None:
            return False
        self._read()
        return self._answer.error

    @property
    def at_boundary(self) -> bool:
        """The bytes so far end between two events."""
        self._read()
        return self._events.at_boundary

    def output_text(self) -> str:
        """What the model wrote, up to `answer.MAX_TEXT_CHARACTERS`, for counting."""
        self._read()
        return self._answer.text


def read_usage(endpoint: str, body: bytes) -> Usage | None:
    """Usage of an answer that was not streamed; None where the body has none, or is anything else."""
    quick = _QUICK.get(endpoint)
    if quick is not None:
        try:
            usage = quick(body)
        except _UNREADABLE:
            usage = None
        if usage is not None:
            return usage
    return _read_whole(endpoint, body).usage


def output_text(endpoint: str, body: bytes) -> str:
    """What the model wrote in an answer that was not streamed; empty where nothing can be read."""
    return _read_whole(endpoint, body).text


def _read_whole(endpoint: str, body: bytes) -> Answer:
    answer = _ANSWERS[endpoint]()
    try:
        answer.take_whole(body)
    except _UNREADABLE:
        return answer
    return answer
