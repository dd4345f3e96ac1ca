"""Texts that a pattern finds, made from the pattern and tried on RE2. For examples, so a few short ones do."""

from app.rules.patterns import searcher

_MOST = 4
"""Samples of one part of a pattern."""
_LONGEST = 400
_CLASSES = {
    "d": "0",
    "w": "a",
    "s": " ",
    "D": "x",
    "W": "-",
    "S": "x",
    "t": "\t",
    "n": "\n",
    "r": "\r",
    "f": "\f",
}
_NOTHING = frozenset("bBAzQE")
_LETTERS = "axz019AZ-_./ @:#\u00e9"


def samples(pattern: str) -> list[str]:
    """Texts in which the pattern is found, the shortest first; none where its syntax goes beyond what is read here."""
    try:
        made = _Reader(pattern).alternatives()
    except (IndexError, ValueError):
        return []
    search = searcher(pattern)
    return sorted((text for text in dict.fromkeys(made) if len(text) <= _LONGEST and search(text)), key=len)


class _Reader:
    """One pass over a pattern RE2 has accepted. Raises IndexError or ValueError at syntax it does not know."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0

    def alternatives(self) -> list[str]:
        """Up to the end, or to the parenthesis that closes the group."""
        found = self._sequence()
        while self._next("|"):
            found = [*found, *self._sequence()]
        return found[:_MOST]

    def _sequence(self) -> list[str]:
        made = [""]
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            part = self._repeated(self._atom())
            # All parts at their first sample, then each of the others once: enough to reach every branch.
            made = [
                made[0] + part[0],
                *(made[0] + other for other in part[1:]),
                *(m + part[0] for m in made[1:]),
            ]
            made = made[:_MOST]
        return made

    def _atom(self) -> list[str]:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        return [""] if char in "^$" else ["x"] if char == "." else [char]

    def _group(self) -> list[str]:
        if self._next("?"):
            if self._text[self._at] in "P<":
                self._at = self._text.index(">", self._at) + 1
            else:
                while self._take() not in ":)":
                    pass
                if self._text[self._at - 1] == ")":
                    return [""]
        found = self.alternatives()
        if not self._next(")"):
            raise ValueError
        return found

    def _escape(self) -> list[str]:
        char = self._take()
        if char in _CLASSES:
            return [_CLASSES[char]]
        if char in _NOTHING:
            return [""]
        if char.isalnum():
            raise ValueError
        return [char]

    def _class(self) -> list[str]:
        """One character of a class; of a negated one, any that is not in it."""
        start = self._at - 1
        self._next("^")
        self._next("]")
        while self._text[self._at] != "]":
            if self._text[self._at] == "\\":
                self._at += 1
            elif self._text.startswith("[:", self._at):
                self._at = self._text.index(":]", self._at) + 1
            self._at += 1
        self._at += 1
        whole = self._text[start : self._at]
        search = searcher(f"^{whole}$")
        found = [char for char in (*whole[1:-1], *_LETTERS) if search(char)]
        if not found:
            raise ValueError
        return found[:1]

    def _repeated(self, part: list[str]) -> list[str]:
        least = 1
        if self._next("*") or self._next("?"):
            least = 0
        elif not self._next("+") and self._at < len(self._text) and self._text[self._at] == "{":
            end = self._text.find("}", self._at)
            low = self._text[self._at + 1 : end].partition(",")[0]
            if end < 0 or not low.isdigit():
                return part  # a brace that repeats nothing
            self._at, least = end + 1, int(low)
        else:
            return part if self._text[self._at - 1 : self._at] != "+" else self._lazy(part)
        return self._lazy(["", *part][:_MOST] if least == 0 else [text * least for text in part])

    def _lazy(self, part: list[str]) -> list[str]:
        self._next("?")
        return part

    def _next(self, char: str) -> bool:
        if self._text.startswith(char, self._at):
            self._at += 1
            return True
        return False

    def _take(self) -> str:
        self._at += 1
        return self._text[self._at - 1]
