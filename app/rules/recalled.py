"""Facts of a request as they come back from the log, where `recorded.py` next door has put them."""

from typing import Final

import msgspec
from msgspec import Raw

from app.domain.api_key import ApiKey
from app.rules.context import Facts
from app.rules.members import Members


class Recorded(msgspec.Struct, frozen=True):
    """What is stored of one request besides the columns of its row."""

    endpoint: str
    headers: dict[str, str] = {}
    """By name in lower case, several lines joined."""
    body: dict[str, Raw] = {}
    """Members of the body but for `model`."""
    outlined: tuple[str, ...] = ()
    """Members of `body` that are there as an outline only (`outlines.KNOWN`)."""
    cut: tuple[str, ...] = ()
    """Paths of what was there, or can't be told, and is not stored; all below them is not stored either."""
    has_tools: bool | None = None
    """This one and those below are None where the body tells as it is stored, or `cut` names them."""
    has_images: bool | None = None
    message_count: int | None = None
    input_tokens: int | None = None
    """Where the gateway had to count them."""


_decode: Final = msgspec.json.Decoder(Recorded).decode

NOTHING: Final = ("headers", "body", "has_tools", "has_images", "message_count")
"""`cut` of a row without facts."""


def read(text: str | bytes | None, endpoint: str) -> Recorded:
    """What `record` has written; with everything cut where there is none, or none that can be read.

    :param endpoint: for a row without facts.
    """
    if text is not None:
        try:
            return _decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            pass
    return Recorded(endpoint, cut=NOTHING)


def recall(
    recorded: Recorded,
    model: str,
    stream: bool,
    api_key: ApiKey | None,
    client_ip: str | None,
    now: float,
    input_tokens: int | None,
) -> Facts:
    """Facts to ask rules about. Headers that were cut are there without their value, so that `exists` is right.

    :param input_tokens: for a request whose tokens were not counted.
    """
    facts = Facts(b"", [], recorded.endpoint, model, stream, api_key, client_ip, now)
    body = Members(recorded.body)
    headers = {name.encode(): value.encode() for name, value in recorded.headers.items()}
    for path in recorded.cut:
        if path.startswith("headers."):
            headers[path.removeprefix("headers.").encode()] = b""
    body["model"] = model
    facts.body, facts.headers = body, headers
    facts.input_tokens = input_tokens if recorded.input_tokens is None else recorded.input_tokens
    if recorded.has_tools is not None:
        facts.has_tools = recorded.has_tools
    if recorded.has_images is not None:
        facts.has_images = recorded.has_images
    if recorded.message_count is not None:
        facts.message_count = recorded.message_count
    return facts
