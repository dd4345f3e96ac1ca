"""The top level of a request body: which model, streamed or not, and where the model's bytes lie. All other bytes stay.

`peek` checks that the body is JSON (RFC 8259) and costs microseconds; `splice` puts another model name in its place.
"""

import re
from typing import Any, Final

import msgspec
from msgspec import Raw

from app.common.errors import InvalidJson, InvalidRequest

MAX_MODEL_CHARACTERS: Final = 256
MAX_MEMBERS: Final = 1000
"""Members of the top-level object. No API knows a tenth of it; a cap bounds what one body can make us hold."""

_LARGE: Final = 256 * 1024
"""From this size in bytes on, members are counted while decoding instead of afterwards."""

_SECOND_MODEL: Final = len(b',"model":0')
"""Bytes a second `model` member takes at the least."""

_decode_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_encode: Final = msgspec.json.Encoder().encode
_decode_string: Final = msgspec.json.Decoder(str).decode
_key_token: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"').match
_blank: Final = re.compile(rb"[ \t\n\r]*").match
_control: Final = re.compile("[\x00-\x1f\x7f-\x9f]").search


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """What the gateway has to know of a body before it decides anything."""

    model: str
    stream: bool
    model_span: tuple[int, int]
    """Start and end byte of the `model` value in the body, quotes included."""
    members: dict[str, Raw] | None = None
    """All members, undecoded; of a name that comes twice the last one."""


class _Key:
    """A member name that equals no other, so that a dict keeps duplicates."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def peek(body: bytes) -> Envelope:
    """Read `model` and `stream` of a request body.

    :raises InvalidJson: not one JSON object in UTF-8, or nested too deep; the message says what and where.
    :raises InvalidRequest: no usable `model`, a second one (escapes decoded), or a `stream` that is no boolean.
    """
    try:
        if len(body) < _LARGE:
            members = _decode_members(body)
            if not body.isascii():
                str(body, "utf-8")  # strings that are only skipped are not checked by the decoder
            if "model" in members and len(members) <= MAX_MEMBERS:
                start = _find_model(body, members)
                if start >= 0:
                    return _envelope(start, members["model"], members.get("stream"), members)
        return _peek_exact(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _invalid_json(body, error) from None


def splice(body: bytes, envelope: Envelope, target_model: str) -> list[bytes | memoryview]:
    """The body with the model's bytes replaced, every other byte as it was, in pieces that follow each other and share
    the body's memory; `body` itself when the name is the same."""
    if target_model == envelope.model:
        return [body]
    start, end = envelope.model_span
    view = memoryview(body)
    return [view[:start], _encode(target_model), view[end:]]


def _find_model(body: bytes, members: dict[str, Raw]) -> int:
    """Where the value of `model` starts; -1 where this quick way can't tell.

    A dict has lost duplicates, so each member is compared with the bytes at its place: complete JSON that starts where
    a member's value starts is that value (a number cut short fails at the next comma). The walk may stop at `model`
    when the bytes not accounted for are too few for a second one.
    """
    spare = len(body) - 1 - 4 * len(members) - sum(map(len, members)) - sum(map(len, members.values()))
    matches = body.startswith
    found = -1
    at = body.find(b"{")
    for name, raw in members.items():
        at += 1
        while body[at] <= 32:
            at += 1
        token = b'"%b"' % name.encode()
        if not matches(token, at):
            return -1
        at += len(token)
        while body[at] <= 32:
            at += 1
        at += 1
        while body[at] <= 32:
            at += 1
        value = bytes(raw)
        if not matches(value, at):
            return -1
        if name == "model":
            found = at
            if spare < _SECOND_MODEL:
                return found
        at += len(value)
        while body[at] <= 32:
            at += 1
    return found if body[at] == 125 else -1  # "}"


def _peek_exact(body: bytes) -> Envelope:
    """The same for any body: duplicates kept, escapes in names decoded, members counted while decoding."""
    count = 0

    def name(_kind: type, text: Any) -> _Key:
        nonlocal count
        count += 1
        if count > MAX_MEMBERS:
            raise InvalidRequest(f"The body has more than {MAX_MEMBERS} members.")
        return _Key(text)

    members = msgspec.json.decode(body, type=dict[_Key, Raw], dec_hook=name)
    if not body.isascii():
        str(body, "utf-8")
    start, model, stream = -1, None, None
    at = body.find(b"{")
    for key, raw in members.items():
        at = _skip(_key_token, body, _skip(_blank, body, at + 1))
        at = _skip(_blank, body, _skip(_blank, body, at) + 1)
        if key.name == "model":
            if model is not None:
                raise InvalidRequest("The body has two `model` keys.", param="model")
            start, model = at, raw
        elif key.name == "stream":
            stream = raw
        at = _skip(_blank, body, at + len(raw))
    if model is None:
        raise InvalidRequest("The body has no `model`.", param="model")
    return _envelope(start, model, stream, {key.name: raw for key, raw in members.items()})


def _skip(pattern: Any, body: bytes, at: int) -> int:
    end: int = pattern(body, at).end()
    return end


def _envelope(start: int, model: Raw, stream: Raw | None, members: dict[str, Raw] | None = None) -> Envelope:
    try:
        name = _decode_string(model)
    except msgspec.ValidationError:
        raise InvalidRequest("`model` must be a string.", param="model") from None
    if not name:
        raise InvalidRequest("`model` is empty.", param="model")
    if len(name) > MAX_MODEL_CHARACTERS:
        raise InvalidRequest(f"`model` is longer than {MAX_MODEL_CHARACTERS} characters.", param="model")
    if not name.isprintable() and _control(name):
        raise InvalidRequest("`model` has control characters.", param="model")
    streamed = False
    if stream is not None:
        value = bytes(stream)
        streamed = value == b"true"
        if not streamed and value not in (b"false", b"null"):
            raise InvalidRequest("`stream` must be true or false.", param="stream")
    return Envelope(name, streamed, (start, start + len(model)), members)


def _invalid_json(body: bytes, error: Exception) -> InvalidJson:
    if isinstance(error, RecursionError):
        return InvalidJson("The body is nested too deep.")
    if isinstance(error, msgspec.ValidationError):
        return InvalidJson("The body must be a JSON object.")
    if isinstance(error, UnicodeDecodeError):
        try:
            str(body, "utf-8")
        except UnicodeDecodeError as whole:
            return InvalidJson(f"The body is not UTF-8: invalid byte at {whole.start}.")
    if body.startswith(b"\xef\xbb\xbf"):
        return InvalidJson("The body starts with a byte order mark; JSON has none (RFC 8259 part 8.1).")
    if not body.strip():
        return InvalidJson("The body is empty.")
    text = (
        str(error)
        .removeprefix("JSON is malformed: ")
        .replace("Input data was truncated", "it ends too early")
    )
    return InvalidJson(f"The body is not valid JSON: {text}.")
