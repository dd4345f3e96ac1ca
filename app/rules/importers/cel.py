"""A reader of the part of CEL that routing rules use (Common Expression Language, language definition of cel-spec).

Operators, literals, lists, indexes, fields, calls and methods; what they mean here is up to `bifrost` next door.
"""

import re
from typing import TypeAlias

import msgspec

from app.rules.importers.converted import MAX_DEPTH

MAX_CHARS = 16_384
MAX_STEPS = 8
"""Indexes, fields and methods behind one value; with the depth they bound the height of a tree."""
_TOKEN = re.compile(
    r"""\s*(?://[^\n]*\s*)*(?:
      (?P<raw>[rR](?:"[^"\n]*"|'[^'\n]*'))
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<number>-?(?:0x[0-9A-Fa-f]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)[uU]?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>&&|\|\||[=!<>]=|[<>!()\[\],.?:+*/%{}-])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(
    r"""\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))""", re.DOTALL
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"} | {
    c: c for c in "\\\"'`?"
}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


class Literal(msgspec.Struct, frozen=True):
    value: str | int | float | bool | None


class Name(msgspec.Struct, frozen=True):
    name: str


class Index(msgspec.Struct, frozen=True):
    """`of[key]`, or `of.key` for a text."""

    of: "Expression"
    key: "Expression"


class Items(msgspec.Struct, frozen=True):
    items: tuple["Expression", ...]


class Invoke(msgspec.Struct, frozen=True):
    """A call of a function, or of a method of `of`."""

    name: str
    of: "Expression | None"
    args: tuple["Expression", ...]


class Binary(msgspec.Struct, frozen=True):
    """A comparison or `in`."""

    op: str
    left: "Expression"
    right: "Expression"


class Invert(msgspec.Struct, frozen=True):
    operand: "Expression"


class Chain(msgspec.Struct, frozen=True):
    """`&&` or `||` of two and more."""

    op: str
    items: tuple["Expression", ...]


Expression: TypeAlias = Literal | Name | Index | Items | Invoke | Binary | Invert | Chain


class CelError(ValueError):
    """A text that is no CEL, or CEL beyond the part read here. `position` counts characters."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} (at character {position + 1})")
        self.position = position


def read_cel(text: str) -> Expression:
    """The tree of an expression.

    Raises CelError; time is linear in the length, nesting bounded.
    """
    if len(text) > MAX_CHARS:
        raise CelError(f"the expression has more than {MAX_CHARS:,} characters", 0)
    return _Reader(text).run()


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    start: int


class _Reader:
    """Recursive descent, one method for each level of precedence."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    def run(self) -> Expression:
        found = self.expression()
        if self.next.kind != "end":
            raise self.unexpected()
        return found

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def unexpected(self) -> CelError:
        token = self.next
        if token.text in ("?", ":"):
            return CelError("the conditional operator has no counterpart", token.start)
        if token.text in tuple("+-*/%"):
            return CelError(f"a rule cannot calculate with `{token.text}`", token.start)
        shown = f"`{token.text}`" if token.text else "the end"
        return CelError(f"{shown} was not expected here", token.start)

    def take(self, *texts: str) -> bool:
        """Go on when the next token is one of these signs or words."""
        if self.next.kind in ("sign", "name") and self.next.text in texts:
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        if not self.take(text):
            raise self.unexpected()

    def expression(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CelError(f"more than {MAX_DEPTH} levels", self.next.start)
        found = self.chain("||")
        self.depth -= 1
        return found

    def chain(self, op: str) -> Expression:
        below = self.relation if op == "&&" else lambda: self.chain("&&")
        items = [below()]
        while self.take(op):
            items.append(below())
        return items[0] if len(items) == 1 else Chain(op, tuple(items))

    def relation(self) -> Expression:
        left = self.unary()
        token = self.next
        if not self.take(*_COMPARISONS, "in"):
            return left
        found = Binary(token.text, left, self.unary())
        if self.next.text in (*_COMPARISONS, "in"):
            raise CelError("a comparison of a comparison has no counterpart", self.next.start)
        return found

    def unary(self) -> Expression:
        count = 0
        while self.take("!"):
            count += 1
        found = self.member()
        return Invert(found) if count % 2 else found

    def member(self) -> Expression:
        found, steps = self.primary(), 0
        while True:
            start, steps = self.next.start, steps + 1
            if steps > MAX_STEPS + 1:
                raise CelError(f"more than {MAX_STEPS} steps behind one value", start)
            if self.take("["):
                found = Index(found, self.expression())
                self.need("]")
            elif self.take("."):
                name = self.next
                if name.kind != "name":
                    raise self.unexpected()
                self.at += 1
                if self.take("("):
                    found = Invoke(name.text, found, self.items(")"))
                else:
                    found = Index(found, Literal(name.text))
            else:
                return found

    def primary(self) -> Expression:
        token = self.next
        if token.kind == "end" or (token.kind == "sign" and token.text not in ("(", "[")):
            raise self.unexpected()
        self.at += 1
        if token.kind == "name":
            if token.text in _WORDS:
                return Literal(_WORDS[token.text])
            if self.take("("):
                return Invoke(token.text, None, self.items(")"))
            return Name(token.text)
        if token.text == "(":
            found = self.expression()
            self.need(")")
            return found
        if token.text == "[":
            return Items(self.items("]"))
        return Literal(_value(token))

    def items(self, end: str) -> tuple[Expression, ...]:
        """Expressions up to the closing bracket; a comma may stand last."""
        found: list[Expression] = []
        while not self.take(end):
            found.append(self.expression())
            if not self.take(","):
                self.need(end)
                break
        return tuple(found)


_WORDS = {"true": True, "false": False, "null": None}


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise CelError("a character that CEL does not have, or a text without end", position)
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        position = match.end()
    return found


def _value(token: _Token) -> str | int | float:
    if token.kind == "raw":
        return token.text[2:-1]
    if token.kind == "string":
        return _ESCAPE.sub(lambda match: _unescaped(match, token), token.text[1:-1])
    spelled = token.text.rstrip("uU")
    if len(spelled) > 100:
        raise CelError("the number is too long", token.start)
    if "x" in spelled:
        return int(spelled, 16)
    return float(spelled) if any(char in spelled for char in ".eE") else int(spelled)


def _unescaped(match: re.Match[str], token: _Token) -> str:
    two, four, eight, octal, char = match.groups()
    if char is not None:
        if char not in _PLAIN:
            raise CelError(f"CEL has no escape `{match[0]}`", token.start)
        return _PLAIN[char]
    number = int(octal, 8) if octal is not None else int(two or four or eight, 16)
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        raise CelError(f"`{match[0]}` is no character", token.start)
    return chr(number)
