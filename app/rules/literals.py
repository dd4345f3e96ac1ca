"""The spelling of texts and numbers in a rule. `parser` calls it for each literal token."""

import math
import re

from app.rules.ast import Span
from app.rules.diagnostics import Code, Diagnostic, Edit, diagnose

MAX_DIGITS = 400
"""Longest spelling of a number, in a rule or read by `number(...)`."""

_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")
_PLAIN = {'"': '"', "'": "'", "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def read_string(text: str, span: Span) -> tuple[str, Diagnostic | None]:
    """The value of the quoted text at `span` (JSON escapes, and `\\'`), and what is wrong with it."""
    inner = text[span[0] + 1 : span[1] - 1]
    if "\\" not in inner:
        return inner, None
    fault: Span | None = None

    def replace(match: re.Match[str]) -> str:
        nonlocal fault
        digits, char = match.groups()
        if digits is not None:
            return chr(int(digits, 16))
        if char not in _PLAIN:
            start = span[0] + 1 + match.start()
            fault = fault or (start, start + 2)
        return _PLAIN.get(char, char)

    value = _ESCAPE.sub(replace, inner)
    if fault is not None:
        return value, _unknown_escape(text, span, fault)
    try:
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le"), None  # joins pairs
    except UnicodeDecodeError:
        return "", diagnose(text, Code.UNKNOWN_ESCAPE, span, "half of a surrogate pair is no character")


def _unknown_escape(text: str, span: Span, fault: Span) -> Diagnostic:
    escape = text[fault[0] : fault[1]]
    quote = text[span[0]]
    inner = text[span[0] + 1 : span[1] - 1]
    message = "`\\u` needs four hexadecimal digits" if escape == "\\u" else f"unknown escape `{escape}`"
    if quote in inner:
        return diagnose(text, Code.UNKNOWN_ESCAPE, fault, message, "write `\\\\` for a backslash")
    raw = f"r{quote}{inner}{quote}"
    return diagnose(
        text, Code.UNKNOWN_ESCAPE, fault, message, f"a raw text keeps backslashes: `{raw}`", Edit(span, raw)
    )


def read_number(spelling: str) -> int | float | None:
    """The value of a number token; None where it is too long or too large."""
    if len(spelling) > MAX_DIGITS:
        return None
    if spelling.lstrip("-").isdigit():
        return int(spelling)
    value = float(spelling)
    return value if math.isfinite(value) else None


def quoted(value: str) -> str:
    """The value as a rule would spell it, in double quotes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char >= " " else f"\\u{ord(char):04x}" for char in escaped) + '"'
