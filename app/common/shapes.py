"""What the names of an answer's headers say by themselves: which go to the client, where the few stand that we read.

An upstream answers with the same names time and again, so this is worked out once for each sequence of names.
"""

from typing import Final

import msgspec

from app.common.headers import RawHeaders, broken, goes_down, without_named

_KNOWN: Final = 1024
"""Sequences remembered."""
_MOST_NAMES: Final = 64
_MOST_BYTES: Final = 2048
"""Longer sequences, which hardly come again, are not remembered."""

_UPSTREAM_ID: Final = b"x-upstream-request-id"


class Shape(msgspec.Struct, frozen=True, gc=False):
    """Places are indexes into the headers; -1 where there is none."""

    passed: tuple[bool, ...]
    """Which of the headers go to the client."""
    renamed: int
    """Place among those of the upstream's `x-request-id`: ours takes its name."""
    repeated: int
    """Of Anthropic's `request-id`, which its SDKs read, and which goes out under two names."""
    content_type: int
    content_encoding: int
    connection: tuple[int, ...]
    """Of `connection`, whose values name further headers that are not passed on."""
    transfer_encoding: tuple[int, ...]


_shapes: Final[dict[tuple[bytes, ...], Shape]] = {}


def shape_of(headers: RawHeaders) -> Shape:
    """The shape of an answer's headers, in any spelling."""
    names = tuple([name for name, _ in headers])
    shape = _shapes.get(names)
    if shape is None:
        shape = _make(names)
        if len(names) <= _MOST_NAMES and sum(map(len, names)) <= _MOST_BYTES:
            if len(_shapes) >= _KNOWN:
                _shapes.clear()
            _shapes[names] = shape
    return shape


def _make(names: tuple[bytes, ...]) -> Shape:
    lower = [name.lower() for name in names]
    passed = tuple(place for place, name in enumerate(names) if goes_down(name))
    ours = [number for number, place in enumerate(passed) if lower[place] == b"x-request-id"]
    anthropics = [place for place in passed if lower[place] == b"request-id"]
    return Shape(
        tuple(place in passed for place in range(len(names))),
        ours[-1] if ours else -1,
        anthropics[-1] if anthropics and not ours else -1,
        lower.index(b"content-type") if b"content-type" in lower else -1,
        lower.index(b"content-encoding") if b"content-encoding" in lower else -1,
        tuple(place for place, name in enumerate(lower) if name == b"connection"),
        tuple(place for place, name in enumerate(lower) if name == b"transfer-encoding"),
    )


def client_headers(raw: RawHeaders, shape: Shape | None = None) -> RawHeaders:
    """The upstream's headers our client may see, in their order.

    `x-request-id` is ours to give: the upstream's goes out as `x-upstream-request-id`. Anthropic's `request-id`, which
    its SDKs read, goes out under both names.
    """
    shape = shape or shape_of(raw)
    kept = [pair for pair, passed in zip(raw, shape.passed, strict=True) if passed]
    if shape.renamed >= 0:
        kept[shape.renamed] = (_UPSTREAM_ID, kept[shape.renamed][1])
    elif shape.repeated >= 0:
        kept.append((_UPSTREAM_ID, raw[shape.repeated][1]))
    if shape.connection:
        kept = without_named(kept, b",".join([raw[place][1] for place in shape.connection]))
    if broken(b"".join([value for _, value in kept])):
        kept = [pair for pair in kept if not broken(pair[1])]
    return kept


def is_event_stream(headers: RawHeaders, shape: Shape) -> bool:
    """The answer is server-sent events."""
    place = shape.content_type
    return place >= 0 and headers[place][1][:17].lower() == b"text/event-stream"


def content_coding(headers: RawHeaders, shape: Shape) -> bytes:
    """Value of `content-encoding`; empty when there is none."""
    if shape.content_encoding < 0:
        return b""
    value = headers[shape.content_encoding][1]
    return b"" if value.strip().lower() == b"identity" else value
