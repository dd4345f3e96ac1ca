"""Usage of an answer, read from a copy of the bytes that pass. Each wire format has a package of its own next door."""

from collections.abc import Callable

import msgspec

from app.domain.usage import Usage
from app.protocols.answer import Answer
from app.protocols.anthropic_messages.answer import CountTokensAnswer, MessagesAnswer
from app.protocols.openai_chat.answer import ChatAnswer, EmbeddingsAnswer
from app.protocols.openai_responses.answer import ResponsesAnswer
from app.protocols.sse import Event, SseDecoder

_ANSWERS: dict[str, Callable[[], Answer]] = {
    "chat/completions": ChatAnswer,
    "completions": ChatAnswer,
    "embeddings": EmbeddingsAnswer,
    "responses": ResponsesAnswer,
    "messages": MessagesAnswer,
    "messages/count_tokens": CountTokensAnswer,
}

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class UsageReader:
    """Reads a stream as it passes: `feed` every chunk, `close` at its end, then ask. Nothing here ever raises.

    :param endpoint: name of the route (`endpoints.py`).
    """

    __slots__ = ("_answer", "_events")

    def __init__(self, endpoint: str) -> None:
        self._answer = _ANSWERS[endpoint]()
        self._events = SseDecoder()

    def feed(self, chunk: bytes) -> None:
        self._take(self._events.feed(chunk))

    def close(self) -> None:
        """The stream is over; an event without its last line end still counts."""
        self._take(self._events.close())

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
        return self._answer.usage

    @property
    def ended(self) -> bool:
        """The protocol's own end was seen: what came is a whole answer."""
        return self._answer.ended

    @property
    def error(self) -> bool:
        """The upstream sent an error event."""
        return self._answer.error

    @property
    def at_boundary(self) -> bool:
        """The bytes so far end between two events."""
        return self._events.at_boundary

    def output_text(self) -> str:
        """What the model wrote, up to `answer.MAX_TEXT_CHARACTERS`, for counting."""
        return self._answer.text


def read_usage(endpoint: str, body: bytes) -> Usage | None:
    """Usage of an answer that was not streamed; None where the body has none, or is anything else."""
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
