"""From text to tree. The only file that imports lark; `syntax` next door words the faults, `check` types the tree."""

import functools
import re
from collections.abc import Iterator
from typing import Any, TypeAlias, cast

import msgspec
from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken

from app.rules import ast as tree
from app.rules.ast import Node, Span
from app.rules.diagnostics import Code, Diagnostic, RuleError, diagnose
from app.rules.limits import MAX_CHARS, MAX_FAULTS, Limits
from app.rules.literals import read_number, read_string
from app.rules.syntax import explain
from app.rules.words import Spot, Word
from rules_grammar import GRAMMAR

_SURROGATE = re.compile("[\ud800-\udfff]")


class Comment(msgspec.Struct, frozen=True):
    """A comment, `#` included, with its place."""

    span: Span
    text: str


class Parsed(msgspec.Struct, frozen=True):
    """A rule's tree, without types. `root` is None for a text without an expression."""

    text: str
    root: Node | None
    comments: tuple[Comment, ...]
    diagnostics: tuple[Diagnostic, ...]
    """Errors that could be mended to read on; with any, the tree is fit for finding more errors only."""


def parse(text: str) -> Parsed:
    """Read a rule.

    Raises RuleError where the text breaks a limit or its syntax is beyond mending.
    """
    if len(text) > MAX_CHARS:
        message = f"a rule has at most {MAX_CHARS:,} characters; this one has {len(text):,}"
        raise RuleError((diagnose(text, Code.TOO_LONG, (MAX_CHARS, MAX_CHARS + 1), message),))
    if (half := _SURROGATE.search(text)) is not None:
        raise RuleError(
            (diagnose(text, Code.BAD_CHARACTER, half.span(), "half of a surrogate pair is no character"),)
        )
    return _Reading(text).run()


class _Reading:
    """One pass over a text: takes tokens one by one, so that limits hold before anything is built."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words: list[Word] = []
        self.found: list[Diagnostic] = []
        self.limits = Limits(text)
        self.machine: Any = _lark().parse_interactive(text)  # lark's interactive parser has no annotations
        self.tokens = self._tokens()

    def run(self) -> Parsed:
        while (word := self._next()) is not None:
            token = self._token(word)
            try:
                self.machine.feed_token(token)
            except UnexpectedToken:
                self._mend(word)
                continue
            self.words.append(word)
            if (excess := self.limits.take(word)) is not None:
                raise RuleError((*self.found, excess))
        root: Node | None = None
        try:
            root = self.machine.feed_eof()
        except UnexpectedToken:
            end = len(self.text.rstrip())
            self._mend(Word("$END", "", end, end))
        return Parsed(self.text, root, tuple(_comments(self.text, self.words)), tuple(self.found))

    def _tokens(self) -> Iterator[Token]:
        return cast(Iterator[Token], self.machine.lexer_thread.lex(self.machine.parser_state))

    def _next(self) -> Word | None:
        """The next token in its place; mends what the lexer cannot read."""
        while True:
            try:
                token = next(self.tokens, None)
            except UnexpectedToken as error:
                self._mend(_word(error.token))
            except UnexpectedCharacters as error:
                position = error.pos_in_stream or 0
                self._mend(Word("", self.text[position], position, position + 1))
            else:
                return None if token is None else _word(token)

    def _mend(self, bad: Word) -> None:
        """Note what is wrong with `bad` and set the parser up to read on, or raise RuleError."""
        fault = explain(Spot(self.text, self.words, bad, self.machine.accepts()))
        self.found.append(fault.diagnostic)
        if fault.resume is None or len(self.found) >= MAX_FAULTS:
            raise RuleError(tuple(self.found))
        for kind, spelling in fault.insert:
            word = Word(kind, spelling, bad.start, fault.resume)
            self.machine.feed_token(self._token(word))
            self.words.append(word)
        self.machine.lexer_thread.state.line_ctr.char_pos = fault.resume
        self.tokens = self._tokens()

    def _token(self, word: Word) -> Token:
        """The token for the parser: texts without quotes and escapes, numbers known to be finite."""
        value = word.text
        if word.kind == "STRING":
            value, fault = read_string(self.text, (word.start, word.end))
            if fault is not None:
                self.found.append(fault)
        elif word.kind == "RAW":
            value = value[2:-1]
        elif word.kind in ("INT", "FLOAT") and read_number(value) is None:
            message = "the number is too large"
            self.found.append(diagnose(self.text, Code.NUMBER_RANGE, (word.start, word.end), message))
            value = "0" if word.kind == "INT" else "0.0"
        return Token(word.kind, value, start_pos=word.start, end_pos=word.end)


def _word(token: Token) -> Word:
    start = token.start_pos or 0
    return Word(token.type, str(token), start, start + len(token))


def _comments(text: str, words: list[Word]) -> Iterator[Comment]:
    """Between two tokens there is nothing but white space and comments."""
    start = 0
    for word in [*words, Word("$END", "", len(text), len(text))]:
        while (position := text.find("#", start, word.start)) >= 0:
            end = text.find("\n", position, word.start)
            start = end if end >= 0 else word.start
            yield Comment((position, start), text[position:start].rstrip())
        start = max(start, word.end)


@functools.cache
def _lark() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False, transformer=_Build())


class _Group(msgspec.Struct, frozen=True):
    """A node in parentheses. They belong to the span of what is around the node, not to its own."""

    node: Node
    span: Span


Part: TypeAlias = Any
"""A token, a node or a group: what a grammar rule is made of, in the order of the text."""


def _span(parts: list[Part]) -> Span:
    first, last = parts[0], parts[-1]
    start = first.start_pos if isinstance(first, Token) else first.span[0]
    end = last.end_pos if isinstance(last, Token) else last.span[1]
    return int(start or 0), int(end or 0)


def _nodes(parts: list[Part]) -> tuple[Any, ...]:
    """The nodes among the parts, without tokens and parentheses."""
    return tuple(
        part.node if isinstance(part, _Group) else part for part in parts if not isinstance(part, Token)
    )


def _flat(kind: type[tree.And] | type[tree.Or], parts: list[Part]) -> Node:
    items: list[Node] = []
    for node in _nodes(parts):
        items += node.items if isinstance(node, kind) else (node,)
    return kind(tuple(items), span=_span(parts))


def _steps(tokens: list[Token]) -> tuple[tree.Step, ...]:
    return tuple(
        tree.Step(int(token))
        if token.type == "POSITION"
        else tree.Step(str(token), bracket=True)
        if token.type == "KEY"
        else tree.Step(token[1:])
        for token in tokens
    )


_WORDS = {"TRUE": True, "FALSE": False, "NULL": None}


def _const(token: Token) -> tree.Const:
    value: str | int | float | bool | None = str(token)
    if token.type in _WORDS:
        value = _WORDS[token.type]
    elif token.type in ("INT", "FLOAT"):
        value = read_number(token)
    return tree.Const(value, span=_span([token]))


class _Build(Transformer[Token, Node]):
    """One method for each rule of the grammar, called as the parser reduces: no second pass, no recursion."""

    def start(self, parts: list[Part]) -> Node | None:
        return next(iter(_nodes(parts)), None)

    def disjunction(self, parts: list[Part]) -> Node:
        return _flat(tree.Or, parts)

    def conjunction(self, parts: list[Part]) -> Node:
        return _flat(tree.And, parts)

    def negated(self, parts: list[Part]) -> Node:
        return tree.Not(*_nodes(parts), span=_span(parts))

    def comparison(self, parts: list[Part]) -> Node:
        return tree.Compare(str(parts[1]), *_nodes(parts), span=_span(parts))

    def membership(self, parts: list[Part]) -> Node:
        member = tree.Member(*_nodes(parts), span=_span(parts))
        return tree.Not(member, span=member.span) if len(parts) == 4 else member

    def group(self, parts: list[Part]) -> _Group:
        return _Group(_nodes(parts)[0], _span(parts))

    def path(self, parts: list[Part]) -> Node:
        return tree.Path(str(parts[0]), _steps(parts[1:]), span=_span(parts))

    def element(self, parts: list[Part]) -> Node:
        steps = parts if parts[0].type == "DOT_NAME" else parts[1:]
        return tree.Elem(_steps(steps), span=_span(parts))

    def position(self, parts: list[Part]) -> Token:
        return Token("POSITION", parts[1], start_pos=parts[0].start_pos, end_pos=parts[2].end_pos)

    def key(self, parts: list[Part]) -> Token:
        return Token("KEY", parts[1], start_pos=parts[0].start_pos, end_pos=parts[2].end_pos)

    def call(self, parts: list[Part]) -> Node:
        return tree.Call(str(parts[0]), _nodes(parts), span=_span(parts))

    def quantifier(self, parts: list[Part]) -> Node:
        return tree.Quant(str(parts[0]), *_nodes(parts), span=_span(parts))

    def list_set(self, parts: list[Part]) -> tree.ListSet:
        return tree.ListSet(_nodes(parts), span=_span(parts))

    def range_set(self, parts: list[Part]) -> tree.RangeSet:
        return tree.RangeSet(_const(parts[0]), _const(parts[2]), span=_span(parts))

    def named_set(self, parts: list[Part]) -> tree.NamedSet:
        return tree.NamedSet(parts[0][1:], span=_span(parts))

    def literal(self, parts: list[Part]) -> Node:
        return _const(parts[0])
