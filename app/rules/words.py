"""Tokens as `syntax` and `habits` see them, free of lark, and what they answer to `parser`."""

from collections.abc import Set as AbstractSet

import msgspec

from app.rules.ast import Span
from app.rules.diagnostics import Diagnostic
from app.rules.fields import RULES, Vocabulary

LITERALS = frozenset(("STRING", "RAW", "INT", "FLOAT", "TRUE", "FALSE", "NULL"))
TESTS = frozenset(("COMPARE", "TEXT_OPERATOR", "IN"))
HOLE = ("NAME", "")
"""Stands for a value that could not be read: a path without a name."""
HOLE_LIST = ("LIST_NAME", "$")
"""Stands for a set that could not be read."""
_BOUNDARIES = TESTS | {"AND", "OR", "NOT", "BANG", "LPAR", "COMMA"}


class Word(msgspec.Struct, frozen=True):
    """A token: terminal of the grammar (`$END`, or empty for a character no terminal has), spelling, place."""

    kind: str
    text: str
    start: int
    end: int


class Spot(msgspec.Struct, frozen=True):
    """Where the grammar stopped: at `bad`, after the tokens `before`, where only the terminals `accepts` fit."""

    text: str
    before: list[Word]
    bad: Word
    accepts: AbstractSet[str]
    vocabulary: Vocabulary = RULES

    @property
    def span(self) -> Span:
        return self.bad.start, self.bad.end

    def operand(self, stop: int) -> int:
        """Index in `before` of the first token of the operand that ends before the token `stop`."""
        depth = 0
        for index in range(stop - 1, -1, -1):
            kind = self.before[index].kind
            if depth == 0 and kind in _BOUNDARIES:
                return index + 1
            depth += (kind in ("RPAR", "RSQB")) - (kind in ("LPAR", "LSQB"))
        return 0


class Fault(msgspec.Struct, frozen=True):
    """`insert` are tokens (terminal, spelling) to go on with, `resume` the offset to go on from; None: see `recovery`.

    With `drop`, the tokens from that offset on are taken back first: they begin an operand or a condition.
    """

    diagnostic: Diagnostic
    insert: tuple[tuple[str, str], ...] = ()
    resume: int | None = None
    drop: int | None = None
