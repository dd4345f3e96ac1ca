"""Takes secrets and media out of what is kept for reading: log records, stored payloads. Linear time, never raises.

Which headers hold secrets is in `headers.py` next door.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import re2

from app.common.headers import is_credential

MASK: Final = "***...***"
_MASK: Final = MASK.encode()

MIN_SECRET_CHARACTERS: Final = 16
"""A shorter credential is a placeholder such as `none`: nothing to protect, and part of ordinary words."""
MIN_MEDIA_CHARACTERS: Final = 512
"""Shorter base64 is left alone: ids, signatures, small cursors."""

_KEYS: Final = (
    r"\bsk-(?:ant-|proj-|or-|svcacct-|admin-)?",  # OpenAI, Anthropic, OpenRouter, DeepSeek and others
    r"\bgwk_",  # ours
    r"\bAIza",  # Google
    r"\bgh[oprsu]_",  # GitHub
    r"\bgithub_pat_",
    r"\bxox[a-z]-",  # Slack
    r"\b(?:AKIA|ASIA)",  # AWS
    r"\b(?:gsk_|xai-|pplx-|hf_|r8_|nvapi-|csk-)",  # Groq, xAI, Perplexity, Hugging Face, Replicate, NVIDIA, Cerebras
)
_SECRETS: Final = (  # groups 1 to 5 are what stays in front of the mask, group 6 what stays behind it
    rb"(" + "|".join(_KEYS).encode() + rb")[A-Za-z0-9_-]{12,}"
    rb"|(\b(?i:bearer|basic) +)[A-Za-z0-9._~+/=-]{8,}"
    rb"|(\beyJ)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"  # JWT (RFC 7519)
    rb"|(-----BEGIN [A-Z0-9 ]+-----)(?:[A-Za-z0-9+/=:,\s]|-[A-Za-z0-9]|\\[nr])*"  # PEM (RFC 7468)
    rb"(?:-----END [A-Z0-9 ]+-----)?"
    rb'|((?i:\\*"[a-z_-]*(?:api[_-]?key|authorization|authorization_token|password|secret|access_token)\\*"'
    rb'\s*:\s*\\*"))[^"]+?(\\*")'
)
_secrets: Final = re2.compile(_SECRETS)
_DATA_URL: Final = b";base64,"


def _search(expression: bytes) -> Any:
    """RE2's cheapest search: it looks for no groups and no position."""
    search = re2.Set.SearchSet()
    search.Add(expression)
    search.Compile()
    return search


_any_secret: Final = _search(_SECRETS)
_any_change: Final = _search(_SECRETS + b"|" + _DATA_URL)
_media: Final = re2.compile(  # groups: type and base64 of a data URL (RFC 2397); a long run of base64
    rb"data:([a-z]+/[a-zA-Z0-9.+-]+)(?:;[a-z]+=[A-Za-z0-9._-]+)*;base64,([A-Za-z0-9+/=_\\-]*)"
    rb"|([A-Za-z0-9+/_-](?:[A-Za-z0-9+/_-]|\\/){63,}={0,2})"
)
_key_prefix: Final = re2.compile("^(?:" + "|".join(_KEYS) + ")")

_OUR_BEARER: Final = b"Bearer gwk_"
_OUR_BEARER_MASKED: Final = "Bearer gwk_" + MASK

_SCHEMES: Final = frozenset({"bearer", "basic", "digest", "token", "apikey", "negotiate"})

_TYPES: Final = (
    (b"iVBORw0KGgo", b"image/png"),
    (b"/9j/", b"image/jpeg"),
    (b"R0lGOD", b"image/gif"),
    (b"UklGR", b"image/webp or audio/wav"),
    (b"JVBERi0", b"application/pdf"),
    (b"SUQz", b"audio/mpeg"),
    (b"UEsDB", b"application/zip"),
)


def sanitize_authorization(value: str) -> str:
    """`Bearer sk-abc123` as `Bearer sk-***...***`: the scheme and the vendor's prefix stay, the secret does not."""
    scheme, space, secret = value.strip().partition(" ")
    if not space or scheme.lower() not in _SCHEMES:
        scheme, space, secret = "", "", value
    prefix = _key_prefix.match(secret.lstrip())
    return f"{scheme}{space}{prefix.group() if prefix else ''}{MASK}"


def sanitize_headers(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Headers fit for a log: the values of credential headers masked, secrets in other values too."""
    clean = []
    for name, value in raw:
        if value.startswith(_OUR_BEARER) and name == b"authorization":
            clean.append(
                ("authorization", _OUR_BEARER_MASKED)
            )  # nearly every request's, for a tenth of the cost
            continue
        text = value.decode("latin-1")
        masked = sanitize_authorization(text) if is_credential(name) else _mask(value).decode("latin-1")
        clean.append((name.decode("latin-1"), masked))
    return clean


def redact(body: bytes) -> bytes:
    """A body fit for a log: keys, tokens, PEM blocks and passwords masked, media replaced by their type and size."""
    if is_clean([body]):  # as most are
        return body
    if _DATA_URL in body or _has_long_word(body):
        body = _media.sub(_note, body)
    return _mask(body)


def is_clean(bodies: Sequence[bytes], others: Sequence[bytes] = ()) -> bool:
    """Whether `redact` is sure to leave each of the bodies as it is, and other texts hold no secrets.

    One search for all of them costs half of one each. What looks like a secret only where two texts meet, or like media
    and is none, makes it False, too.
    """
    if _any_change.Match(b" ".join([*bodies, *others])):
        return False
    return not any(map(_has_long_word, bodies))


def has_secret(text: bytes) -> bool:
    """Whether `redact` would mask something in the text; media don't count."""
    return _any_secret.Match(text) is not None


def _has_long_word(body: bytes) -> bool:
    """A run of `MIN_MEDIA_CHARACTERS` bytes without a space, found in hops: a tenth of the cost of the expression."""
    at = 0
    while (space := body.rfind(b" ", at, at + MIN_MEDIA_CHARACTERS)) >= 0:
        at = space + 1
    return len(body) - at >= MIN_MEDIA_CHARACTERS


def without(text: bytes, secret: str | None) -> bytes:
    """The text with a secret that is known masked, whatever it looks like."""
    if secret is None or len(secret) < MIN_SECRET_CHARACTERS:
        return text
    return text.replace(secret.encode(), _MASK)


def headers_without(headers: list[tuple[bytes, bytes]], secret: str | None) -> list[tuple[bytes, bytes]]:
    """`without` for the values of headers."""
    if secret is None or secret.encode() not in b"\n".join([value for _, value in headers]):
        return headers
    return [(name, without(value, secret)) for name, value in headers]


def _mask(text: bytes) -> bytes:
    masked: bytes = _secrets.sub(_keep_kind, text)
    return masked


def _keep_kind(match: Any) -> bytes:
    *kinds, end = match.groups(b"")
    return b"".join(kinds) + _MASK + bytes(end)


def _note(match: Any) -> bytes:
    kind, media, run = match.groups(b"")
    if run:
        if len(run) < MIN_MEDIA_CHARACTERS:
            return bytes(run)
        kind = next((kind for start, kind in _TYPES if run.startswith(start)), b"base64")
    return b"[%b, %d bytes]" % (kind, len(media or run) * 3 // 4)
