"""Patterns over untrusted text: RE2, so the time is linear in the text; plain patterns become string methods."""

import functools
import re
from collections.abc import Callable

import msgspec
import re2

from app.rules.diagnostics import Code
from app.rules.limits import MAX_PATTERN_BYTES, MAX_PATTERN_CHARS

_META = frozenset("\\.+*?()|[]{}^$")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9])", re.ASCII)


class Plain(msgspec.Struct, frozen=True):
    """A pattern without any meaning but its characters, tied to the start, the end, both or neither."""

    text: str
    at_start: bool
    at_end: bool


class PatternFault(Exception):
    """The pattern cannot be used; `code` and a sentence say why."""

    def __init__(self, code: Code, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.suggestion = suggestion


def plain(pattern: str) -> Plain | None:
    """The pattern as plain text, when it is no more than that."""
    at_start = pattern.startswith("^")
    rest = pattern[at_start:]
    at_end = rest.endswith("$") and (len(rest) - len(rest[:-1].rstrip("\\"))) % 2 == 1
    rest = rest[: len(rest) - at_end]
    text = ""
    position = 0
    while position < len(rest):
        escaped = _ESCAPED.match(rest, position)
        if escaped is not None and escaped[1].isascii():
            text += escaped[1]
            position = escaped.end()
        elif rest[position] in _META:
            return None
        else:
            text += rest[position]
            position += 1
    return Plain(text, at_start, at_end)


@functools.lru_cache(maxsize=4096)
def searcher(pattern: str) -> Callable[[str | bytes], bool]:
    """A function that says whether the pattern is found anywhere in a text. Never raises.

    A set of one pattern is RE2's cheapest search: it looks for no groups and no position. Raises PatternFault.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        message = f"a pattern has at most {MAX_PATTERN_CHARS} characters"
        raise PatternFault(Code.PATTERN_TOO_LONG, message)
    options = re2.Options()
    options.max_mem = MAX_PATTERN_BYTES
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        raise _fault(error.args[0].decode("utf-8", "replace")) from None
    found = re2.Set.SearchSet(options)
    try:
        found.Add(pattern)
        found.Compile()
    except re2.error:
        raise _fault("pattern too large") from None
    match = found.Match

    def search(text: str | bytes) -> bool:
        try:
            return match(text) is not None
        except UnicodeEncodeError:  # half of a surrogate pair
            return match(encode(text)) is not None

    return search


def encode(text: str | bytes) -> bytes:
    """Text as UTF-8; halves of surrogate pairs stay what they were on the wire, or three bytes."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


_FAULTS = (
    ("invalid perl operator: (?=", "look-ahead is not supported", "use a second condition with `and`"),
    ("invalid perl operator: (?!", "look-ahead is not supported", "use a second condition with `and not`"),
    ("invalid perl operator: (?<", "look-behind is not supported", "use a second condition with `and`"),
    ("missing ]", "the `[` is never closed", 'write `\\\\[`, or `r"\\["`, for the character itself'),
    ("missing )", "the `(` is never closed", 'write `\\\\(`, or `r"\\("`, for the character itself'),
    ("unexpected )", "the `)` was never opened", 'write `\\\\)`, or `r"\\)"`, for the character itself'),
    ("trailing \\", "the pattern ends in a single backslash", None),
    ("no argument for repetition", "there is nothing before the repetition to repeat", None),
    ("bad repetition operator", "repetitions cannot be repeated", None),
    ("invalid repetition size", "the repetition is too large: at most 1,000 in all", None),
)


def _fault(reason: str) -> PatternFault:
    """RE2's reason in our words."""
    if "too large" in reason:
        return PatternFault(Code.PATTERN_TOO_BIG, "the pattern takes too much memory; repeat less")
    if re.match(r"invalid escape sequence: \\[1-9]", reason):
        return PatternFault(
            Code.BAD_PATTERN, "a back-reference is not supported", "spell the repeated part out"
        )
    for start, message, suggestion in _FAULTS:
        if reason.startswith(start):
            return PatternFault(Code.BAD_PATTERN, message, suggestion)
    return PatternFault(Code.BAD_PATTERN, reason)
