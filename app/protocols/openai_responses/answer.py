"""Reads answers of `responses`. Source: OpenAI API reference (streaming events)."""

from typing import Any

import msgspec

from app.domain.usage import Usage
from app.protocols.answer import Answer, number, objects, usage_or_none

_ENDS = frozenset({"response.completed", "response.failed", "response.incomplete"})
_NOT_TEXT = ".audio.delta"  # base64


class _Response(msgspec.Struct, gc=False):
    usage: Any = None
    output: Any = None


class _Event(msgspec.Struct, gc=False):
    type: str = ""
    delta: Any = None
    response: _Response | None = None
    error: Any = None


_decode = msgspec.json.Decoder(_Event).decode
_decode_response = msgspec.json.Decoder(_Response).decode


class ResponsesAnswer(Answer):
    """`response.completed`, `.failed` or `.incomplete` ends it. OpenRouter sends no `event:` lines, only `type`."""

    __slots__ = ()

    def take(self, name: str | None, content: bytes, /) -> None:
        if name is not None and not name.endswith(".delta") and name not in _ENDS:
            return  # a dozen kinds, some with the whole request inside
        event = _decode(content)
        kind = event.type or name or ""
        if kind.endswith(".delta"):
            if not kind.endswith(_NOT_TEXT):
                self.write(event.delta)
        elif kind in _ENDS:
            self.ended = True
            self.error = self.error or kind == "response.failed"
            if event.response is not None:
                self.usage = read_usage(event.response.usage) or self.usage
        elif kind == "error" or event.error is not None:
            self.error = True

    def take_whole(self, body: bytes) -> None:
        response = _decode_response(body)
        for item in objects(response.output):
            self.write(item.get("name"))
            self.write(item.get("arguments"))
            for part in objects(item.get("content")) + objects(item.get("summary")):
                self.write(part.get("text"))
                self.write(part.get("refusal"))
        self.usage = read_usage(response.usage)


def read_usage(report: Any) -> Usage | None:
    """The `usage` object."""
    return usage_or_none(
        Usage(
            input=number(report, "input_tokens"),
            output=number(report, "output_tokens"),
            cached=number(report, "input_tokens_details", "cached_tokens"),
            reasoning=number(report, "output_tokens_details", "reasoning_tokens"),
        )
    )
