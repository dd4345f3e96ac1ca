"""Reads answers of `messages` and `messages/count_tokens`. Source: Anthropic API reference (streaming messages)."""

from typing import Any

import msgspec

from app.domain.usage import Usage
from app.protocols.answer import Answer, Count, number, objects, usage_or_none

_SKIPPED = frozenset({"ping", "content_block_start", "content_block_stop"})


class _Delta(msgspec.Struct, gc=False):
    text: Any = None
    thinking: Any = None
    partial_json: Any = None


class _Message(msgspec.Struct, gc=False):
    usage: dict[str, Any] | None = None
    content: Any = None
    input_tokens: Any = None  # the answer of count_tokens


class _Event(msgspec.Struct, gc=False):
    type: str = ""
    delta: _Delta | None = None
    message: _Message | None = None
    usage: dict[str, Any] | None = None
    error: Any = None


class _Report(msgspec.Struct, gc=False):
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None


class _Reported(msgspec.Struct, gc=False):
    usage: _Report


_START = b"event: message_start\ndata: "
_DELTA = b"\n\nevent: message_delta\ndata: "
_STOP = b'\n\nevent: message_stop\ndata: {"type":"message_stop"'
_STOP_ROOM = len(_STOP) + 64
"""Bytes in which it is looked for: Anthropic puts up to fifteen spaces before the closing brace."""
_decode = msgspec.json.Decoder(_Event).decode
_decode_report = msgspec.json.Decoder(_Reported).decode
_decode_message = msgspec.json.Decoder(_Message).decode


class MessagesAnswer(Answer):
    """`message_stop` ends a stream. Counts in `message_delta` are cumulative and replace those of `message_start`."""

    __slots__ = ("_report",)

    def __init__(self) -> None:
        super().__init__()
        self._report: dict[str, Any] = {}

    def take(self, name: str | None, content: bytes, /) -> None:
        if name in _SKIPPED:
            return
        event = _decode(content)
        kind = event.type or name
        if kind == "content_block_delta":
            delta = event.delta
            if delta is not None:
                self.write(delta.text if delta.text is not None else delta.thinking)
                if delta.partial_json is not None:
                    self.write(delta.partial_json)
        elif kind == "message_start":
            if event.message is not None and event.message.usage is not None:
                event.message.usage.pop(
                    "output_tokens", None
                )  # a placeholder; the true count comes in `message_delta`
                self._take_report(event.message.usage)
        elif kind == "message_delta":
            self._take_report(event.usage)
        elif kind == "message_stop":
            self.ended = True
        elif kind == "error" or event.error is not None:
            self.error = True

    def take_whole(self, body: bytes) -> None:
        message = _decode_message(body)
        for block in objects(message.content):
            self.write(block.get("text"))
            self.write(block.get("thinking"))
            if block.get("type") == "tool_use":
                self.write(block.get("name"))
                self.write(msgspec.json.encode(block.get("input")).decode())
        self._take_report(message.usage)

    def _take_report(self, report: dict[str, Any] | None) -> None:
        if report:
            self._report.update((name, value) for name, value in report.items() if value is not None)
            self.usage = read_usage(self._report)


class CountTokensAnswer(Answer):
    """Asking for a count consumes no tokens."""

    __slots__ = ()

    def take(self, name: str | None, content: bytes, /) -> None:
        """Never streamed."""

    def take_whole(self, body: bytes) -> None:
        if _decode_message(body).input_tokens is not None:
            self.usage = Usage(input=0, output=0)


def quick_usage(body: bytes) -> Usage | None:
    """Usage of a whole answer whose report is as it should be; None otherwise, which `take_whole` has to tell apart.

    :raises msgspec.MsgspecError, UnicodeDecodeError, RecursionError: as `take_whole`, and where there is no report.
    """
    report = _decode_report(body).usage
    cached, total = report.cache_read_input_tokens, report.input_tokens
    if total is not None:
        total += (cached or 0) + (report.cache_creation_input_tokens or 0)
    return usage_or_none(Usage(total, report.output_tokens, cached))


def quick_stream(stream: bytes) -> Usage | None:
    """Usage of a whole stream that begins with `message_start`, ends with `message_delta` and `message_stop` and holds
    no error; None otherwise, which `take` has to tell apart.

    A line end within a JSON string is escaped, so what is searched for is never a piece of a text.
    """
    end = stream.rfind(_STOP, -_STOP_ROOM)
    if (
        end < 0
        or stream[end + len(_STOP) :].strip(b" ") != b"}\n\n"
        or not stream.startswith(_START)
        or b"\r" in stream
        or b"error\n" in stream
        or b'"error"' in stream
    ):
        return None
    at = stream.rfind(_DELTA)
    # each is named twice, as event and as type
    if at < 0 or stream.count(b"message_start") > 2 or stream.count(b"message_delta") > 2:
        return None
    begun = stream[len(_START) : stream.index(b"\n\n")]
    last = stream[at + len(_DELTA) : stream.index(b"\n\n", at + 2)]
    if b"\n" in begun or b"\n" in last:
        return None
    whole = MessagesAnswer()
    try:
        whole.take("message_start", begun)
        whole.take("message_delta", last)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    usage = whole.usage
    return None if usage is None or usage.output is None or usage.input is None else usage


def read_usage(report: dict[str, Any]) -> Usage | None:
    """The `usage` object; tokens written to and read from the cache are input that `input_tokens` leaves out."""
    uncached = number(report, "input_tokens")
    cached = number(report, "cache_read_input_tokens")
    written = number(report, "cache_creation_input_tokens")
    return usage_or_none(
        Usage(
            input=None if uncached is None else uncached + (cached or 0) + (written or 0),
            output=number(report, "output_tokens"),
            cached=cached,
        )
    )
