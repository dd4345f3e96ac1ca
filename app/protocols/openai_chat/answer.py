"""Reads answers of `chat/completions`, `completions` and `embeddings`, of OpenAI and of the many who speak like it.

Source: OpenAI API reference (chat completion chunk object), and recorded answers of fifteen providers.
"""

from typing import Any

import msgspec

from app.domain.usage import Usage
from app.protocols.answer import Answer, Count, number, objects, usage_or_none


class _Message(msgspec.Struct, gc=False):
    content: Any = None
    refusal: Any = None
    reasoning: Any = None  # Groq, OpenRouter
    reasoning_content: Any = None  # DeepSeek, vLLM
    tool_calls: Any = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Message | None = None
    message: _Message | None = None
    text: Any = None  # completions
    finish_reason: Any = None
    index: Any = 0


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: Any = None
    x_groq: Any = None  # older Groq streams report usage only in here
    error: Any = None


class _InputDetails(msgspec.Struct, gc=False):
    cached_tokens: Count | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: Count | None = None


class _Report(msgspec.Struct, gc=False):
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    prompt_cache_hit_tokens: Count | None = None


class _Reported(msgspec.Struct, gc=False):
    usage: _Report


_DONE = b"\n\ndata: [DONE]\n\n"
_decode = msgspec.json.Decoder(_Chunk).decode
_decode_report = msgspec.json.Decoder(_Reported).decode


class ChatAnswer(Answer):
    """`[DONE]` ends a stream; so does a `finish_reason` for each choice, since Perplexity sends no `[DONE]`."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        super().__init__()
        self._open: set[int] = set()

    def take(self, _name: str | None, content: bytes, /) -> None:
        if content == b"[DONE]":
            self.ended = True
            return
        chunk = _decode(content)
        for choice in chunk.choices or ():
            index = choice.index if choice.index.__class__ is int else 0
            if choice.finish_reason is None:
                if index not in self._open:
                    self._open.add(index)
            else:
                self._open.discard(index)
                self.ended = not self._open
            message = choice.delta
            if message is not None:
                if message.content is not None:
                    self.write(message.content)
                else:
                    self._write_rest(message)
            elif choice.text is not None:
                self.write(choice.text)
        self._take_report(chunk)

    def take_whole(self, body: bytes) -> None:
        chunk = _decode(body)
        for choice in chunk.choices or ():
            if choice.message is not None:
                self._write_rest(choice.message)
                self.write(choice.message.content)
            self.write(choice.text)
        self._take_report(chunk)

    def _write_rest(self, message: _Message) -> None:
        self.write(message.refusal)
        self.write(message.reasoning if message.reasoning is not None else message.reasoning_content)
        if message.tool_calls is None:
            return
        for call in objects(message.tool_calls):
            function = call.get("function")
            if isinstance(function, dict):
                self.write(function.get("name"))
                self.write(function.get("arguments"))

    def _take_report(self, chunk: _Chunk) -> None:
        if chunk.usage is not None:
            self.usage = read_usage(chunk.usage) or self.usage
        elif isinstance(chunk.x_groq, dict):
            self.usage = read_usage(chunk.x_groq.get("usage")) or self.usage
        if chunk.error is not None:
            self.error = True


class EmbeddingsAnswer(ChatAnswer):
    """Embeddings report input only; nothing is written."""

    __slots__ = ()

    def take_whole(self, body: bytes) -> None:
        super().take_whole(body)
        if self.usage is not None:
            self.usage.output = 0


def quick_usage(body: bytes) -> Usage | None:
    """Usage of a whole answer whose report is as it should be; None otherwise, which `take_whole` has to tell apart.

    :raises msgspec.MsgspecError, UnicodeDecodeError, RecursionError: as `take_whole`, and where there is no report.
    """
    report = _decode_report(body).usage
    details = report.prompt_tokens_details
    cached = None if details is None else details.cached_tokens
    reasons = report.completion_tokens_details
    return usage_or_none(
        Usage(
            report.prompt_tokens,
            report.completion_tokens,
            report.prompt_cache_hit_tokens if cached is None else cached,
            None if reasons is None else reasons.reasoning_tokens,
        )
    )


def quick_stream(stream: bytes) -> Usage | None:
    """Usage of a whole stream of unnamed events that holds no error, and whose last event before `[DONE]` reports both
    counts; None otherwise, which `take` has to tell apart.

    A quote within a JSON string has a backslash before it, so what is searched for is never a piece of a text.
    """
    if (
        not stream.endswith(_DONE)
        or b'"error"' in stream
        or b"\r" in stream
        or not stream.startswith(b"data: {")
    ):
        return None
    at = stream.rfind(b'"usage":{')
    start = stream.rfind(b"\n\ndata: {", 0, at)
    if at < 0 or start < 0 or b"\nevent" in stream:
        return None
    last = stream[start + 8 : -len(_DONE)]
    if b"\n" in last:
        return None
    try:
        _decode(last)  # what `take` can't read reports nothing
        usage = quick_usage(last)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return None if usage is None or usage.output is None else usage


def read_usage(report: Any) -> Usage | None:
    """The `usage` object."""
    cached = number(report, "prompt_tokens_details", "cached_tokens")
    return usage_or_none(
        Usage(
            input=number(report, "prompt_tokens"),
            output=number(report, "completion_tokens"),
            cached=number(report, "prompt_cache_hit_tokens") if cached is None else cached,  # DeepSeek
            reasoning=number(report, "completion_tokens_details", "reasoning_tokens"),
        )
    )
