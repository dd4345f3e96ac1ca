"""How each protocol addresses and authenticates an upstream, as tables. What bodies hold is in `app/protocols`."""

import re

from app.common.headers import RawHeaders
from app.domain.provider import Protocol

_AUTH = {
    Protocol.OPENAI: (b"authorization", b"Bearer %b"),
    Protocol.ANTHROPIC: (b"x-api-key", b"%b"),
}

DEFAULT_HEADERS: dict[Protocol, RawHeaders] = {
    Protocol.OPENAI: [],
    Protocol.ANTHROPIC: [
        (b"anthropic-version", b"2023-06-01")
    ],  # required by the API; the SDKs send it, curl may not
}
"""Headers an upstream needs where the client sent none of that name."""

_versioned = re.compile(
    r"[^/]/v\d+(?:(?:alpha|beta)\d*(?:/openai)?)?$"
).search  # `/v1beta/openai` is Gemini's


def auth_headers(protocol: Protocol, credential: str | None) -> RawHeaders:
    """The credential in the form the protocol wants; nothing for a provider without one.

    :raises UnicodeEncodeError: the credential has characters no header can hold (RFC 9110 part 5.5).
    """
    if credential is None:
        return []
    name, form = _AUTH[protocol]
    return [(name, form % credential.encode("latin-1"))]


def join(base_url: str, path: str, query: str = "") -> str:
    """The URL of an upstream call.

    A base URL that ends in a version (`/v1`, `/openai/v1`, `/api/v3`, `/v1beta`) has it in place of the path's `/v1`.

    :param path: path of the client's route, which starts with `/v1/`.
    :param query: the client's query string without `?`, passed on as it is.
    """
    base = base_url.rstrip("/")
    if _versioned(base):
        path = path.removeprefix("/v1")
    return f"{base}{path}?{query}" if query else base + path
