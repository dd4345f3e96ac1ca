"""Patterns that only a few texts match, spelled out: string methods find those far sooner than RE2 does short texts."""

import itertools
import re

import msgspec

_MAX_TEXTS = 64
_MAX_SCANS = 4
"""Texts that may stand anywhere: each takes a search of its own."""
_MAX_DEPTH = 16
_PLAIN = re.compile(r"[^\\.+*?()|\[\]{}^$]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_GROUP = re.compile(r"\((?:\?:)?(?!\?)")
_MEMBER = re.compile(r"\\([!-/:-@\[-`{-~])|([ -Z_-~])")


class Finite(msgspec.Struct, frozen=True):
    """A pattern is found where one of `texts` is: at the start, the end, as a whole (both) or anywhere.

    `any_case`: texts are ASCII in lower case, and mean what the pattern says for ASCII in lower case; RE2 is to be
    asked about other texts.
    """

    texts: tuple[str, ...]
    at_start: bool
    at_end: bool
    any_case: bool


class _Endless(Exception):
    """The pattern matches more than a few texts, or has syntax that is not read here."""


def finite(pattern: str) -> Finite | None:
    """What the pattern matches, where that is few enough texts. Takes patterns that RE2 takes; None in doubt."""
    any_case = pattern.startswith("(?i)")
    rest = pattern.removeprefix("(?i)")
    at_start = rest.startswith("^")
    rest = rest[at_start:]
    at_end = _ends_with(rest, "$")
    rest = rest[: len(rest) - at_end]
    # What may be empty decides nothing at an end that is open.
    if not at_start:
        rest = rest.removeprefix(".*")
    if not at_end and _ends_with(rest, ".*"):
        rest = rest[:-2]
    reading = _Reading(rest)
    try:
        branches = reading.branches()
    except _Endless:
        return None
    texts = tuple(dict.fromkeys(text for branch in branches for text in branch))
    anchored = at_start or at_end
    if reading.position < len(rest) or (anchored and len(branches) > 1):
        return None
    if not anchored and len(texts) > _MAX_SCANS:
        return None
    if any_case:
        if not all(map(str.isascii, texts)):
            return None
        texts = tuple(dict.fromkeys(map(str.lower, texts)))
    return Finite(texts, at_start, at_end, any_case)


def _ends_with(pattern: str, syntax: str) -> bool:
    """The pattern ends with the syntax, not with its characters after a backslash."""
    before = pattern.removesuffix(syntax)
    return before != pattern and (len(before) - len(before.rstrip("\\"))) % 2 == 0


class _Reading:
    """Recursive descent over groups in groups."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.depth = 0

    def branches(self) -> list[list[str]]:
        """The texts of each alternative."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _Endless
        found = [self.sequence()]
        while self.take("|"):
            found.append(self.sequence())
        self.depth -= 1
        return found

    def sequence(self) -> list[str]:
        texts = [""]
        while (atom := self.atom()) is not None:
            if self.take("?"):
                atom.append("")
            if self.pattern.startswith(("?", "*", "+", "{"), self.position):
                raise _Endless
            if len(texts) * len(atom) > _MAX_TEXTS:
                raise _Endless
            texts = [one + other for one, other in itertools.product(texts, atom)]
        return texts

    def atom(self) -> list[str] | None:
        """The texts of one character, class or group; None at the end of a sequence."""
        if self.position == len(self.pattern) or self.pattern[self.position] in "|)":
            return None
        for form in (_PLAIN, _ESCAPED):
            if (match := form.match(self.pattern, self.position)) is not None:
                self.position = match.end()
                return [match[match.lastindex or 0]]
        if self.take("["):
            return self.members()
        if self.take("\\d"):
            return list("0123456789")
        if (match := _GROUP.match(self.pattern, self.position)) is None:
            raise _Endless
        self.position = match.end()
        texts = [text for branch in self.branches() for text in branch]
        if not self.take(")"):
            raise _Endless
        return texts

    def members(self) -> list[str]:
        """The characters of a class, which is not negated and has only ASCII."""
        texts: list[str] = []
        while not self.take("]"):
            low = self.member()
            high = self.member() if self.take("-") else low
            texts += map(chr, range(ord(low), ord(high) + 1))
            if len(texts) > _MAX_TEXTS:
                raise _Endless
        if not texts:
            raise _Endless
        return texts

    def member(self) -> str:
        match = _MEMBER.match(self.pattern, self.position)
        if match is None:
            raise _Endless
        self.position = match.end()
        return match[1] or match[2]

    def take(self, syntax: str) -> bool:
        if self.pattern.startswith(syntax, self.position):
            self.position += len(syntax)
            return True
        return False
