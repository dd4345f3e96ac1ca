"""Any text as a row of tokens, right or wrong: for colours, hover and completion. `parser` reads whole rules."""

import functools
import re

import msgspec

from app.rules.ast import Span
from app.rules.parser import terminals
from app.rules.words import Word

CLASSES = {
    **dict.fromkeys(("AND", "OR", "NOT", "BANG", "IN"), "keyword"),
    **dict.fromkeys(("COMPARE", "TEXT_OPERATOR", "RANGE"), "operator"),
    **dict.fromkeys(("NAME", "DOT_NAME", "DOT"), "field"),
    **dict.fromkeys(("TRUE", "FALSE", "NULL"), "constant"),
    **dict.fromkeys(("STRING", "RAW"), "string"),
    **dict.fromkeys(("INT", "FLOAT"), "number"),
    **dict.fromkeys(("LPAR", "RPAR", "LSQB", "RSQB", "COMMA"), "bracket"),
    "QUANTIFIER": "function",
    "LIST_NAME": "list",
    "COMMENT": "comment",
    "WHITE_SPACE": "",
}
"""Colour class of each terminal; a NAME before `(` is a `function`."""


class Coloured(msgspec.Struct, frozen=True):
    """A piece of the text and its colour class; `error` is what no token begins with."""

    span: Span
    kind: str


@functools.cache
def _lexer() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{terminal.name}>{terminal.pattern})" for terminal in terminals()))


def tokens(text: str) -> list[Word]:
    """The tokens of a text, comments included. What fits no terminal is a word without a kind: one character, or
    from a quote that is never closed to the end of its line."""
    found: list[Word] = []
    match, position = _lexer().match, 0
    while position < len(text):
        token = match(text, position)
        if token is not None:
            kind, end = token.lastgroup or "", token.end()
        else:
            kind, end = "", position + 1
            if text[position] in "\"'":
                line_end = text.find("\n", position)
                end = line_end if line_end >= 0 else len(text)
        if kind != "WHITE_SPACE":
            found.append(Word(kind, text[position:end], position, end))
        position = end
    return found


def colours(text: str) -> tuple[Coloured, ...]:
    """What an editor paints."""
    words = tokens(text)
    followers = [*(word.kind for word in words[1:]), ""][: len(words)]
    return tuple(
        Coloured(
            (word.start, word.end),
            "function" if word.kind == "NAME" and follower == "LPAR" else CLASSES.get(word.kind, "error"),
        )
        for word, follower in zip(words, followers, strict=True)
    )
