"""How large a rule may be. `parser` feeds in each token as the tree grows; `patterns` and `engine` hold the rest."""

from app.rules.diagnostics import Code, Diagnostic, diagnose
from app.rules.words import LITERALS, TESTS, Word

MAX_CHARS = 4_096
MAX_NODES = 400
"""Names, values and operators, the items of lists not counted."""
MAX_DEPTH = 24
"""Open parentheses and `not`s around one place; steps of one path."""
MAX_ITEMS = 1_000
MAX_PATTERN_CHARS = 512
MAX_PATTERN_BYTES = 1 << 20
"""Memory of one compiled pattern."""
MAX_RULES = 64
"""Rules of one model, its own and its targets'."""
MAX_FAULTS = 20
"""Faults reported for one text; the rest would only bury them."""

_NODES = LITERALS | TESTS | {"NAME", "DOT", "QUANTIFIER", "LIST_NAME", "RANGE", "NOT", "BANG", "AND", "OR"}


class Limits:
    """Counts the tokens of one text."""

    def __init__(self, text: str, noun: str) -> None:
        """`noun` is what the text is called in messages."""
        self._text = text
        self._noun = noun
        self._nodes = 0
        self._items = 0
        self._in_list = False
        self._before = ""
        self._open: list[int] = []
        """For each open parenthesis, the depth it adds with the `not`s before it."""
        self._nots = 0
        self._depth = 0
        self._steps = 0

    def take(self, word: Word) -> Diagnostic | None:
        """Count one token. Returns the fault when a limit is broken."""
        kind, before = word.kind, self._before
        self._before = kind
        span = (word.start, word.end)
        if self._in_list:
            self._items += kind in LITERALS
            self._in_list = kind != "RSQB"
            if self._items > MAX_ITEMS:
                message = f"a list has at most {MAX_ITEMS:,} items; keep longer ones as a named list"
                return diagnose(self._text, Code.LIST_TOO_LONG, span, message)
            return None
        if kind == "LSQB" and before == "IN":
            self._in_list, self._items = True, 0
        self._nodes += kind in _NODES or (kind == "DOT_NAME" and before not in _PATH)
        self._nest(kind)
        if max(self._depth + self._nots, self._steps) > MAX_DEPTH:
            message = f"a {self._noun} nests at most {MAX_DEPTH} deep"
            return diagnose(self._text, Code.TOO_DEEP, span, message)
        if self._nodes > MAX_NODES:
            way = "use lists, or several targets" if self._noun == "rule" else "use lists"
            message = f"a {self._noun} has at most {MAX_NODES} names, values and operators; {way}"
            return diagnose(self._text, Code.TOO_LARGE, span, message)
        return None

    def _nest(self, kind: str) -> None:
        if kind in ("DOT_NAME", "LSQB"):
            self._steps += 1
        elif kind not in _INSIDE_BRACKETS:
            self._steps = 0
        if kind in ("NOT", "BANG"):
            self._nots += 1
        elif kind == "LPAR":
            self._open.append(self._nots + 1)
            self._depth += self._nots + 1
            self._nots = 0
        elif kind == "RPAR" and self._open:
            self._depth -= self._open.pop()
            self._nots = 0
        elif kind in ("AND", "OR", "COMMA", "IN"):
            self._nots = 0


_PATH = frozenset(("NAME", "DOT_NAME", "RSQB"))
_INSIDE_BRACKETS = frozenset(("INT", "STRING", "RAW", "RSQB"))
