"""From text to tree. The only file that imports lark; `syntax` next door words the faults, `check` types the tree."""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

import msgspec
from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedToken
from lark.parsers.lalr_analysis import Shift

from app.rules import ast as tree
from app.rules.ast import Node, Span
from app.rules.build import Build, Group, Part
from app.rules.diagnostics import Code, Diagnostic, RuleError, diagnose
from app.rules.fields import RULES, Vocabulary
from app.rules.limits import MAX_CHARS, MAX_FAULTS, Limits
from app.rules.literals import read_number, read_string
from app.rules.recovery import joint
from app.rules.syntax import explain
from app.rules.words import Spot, Word
from rules_grammar import GRAMMAR

_NO_TOKEN = re.compile(r"[^\s!-~]+")
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


def parse(text: str, vocabulary: Vocabulary = RULES) -> Parsed:
    """Read a rule, or another text of the language; `vocabulary` only colours the messages.

    Raises RuleError where the text breaks a limit, or has too many faults to be worth reading on.
    """
    if len(text) > MAX_CHARS:
        message = f"a {vocabulary.noun} has at most {MAX_CHARS:,} characters; this one has {len(text):,}"
        raise RuleError((diagnose(text, Code.TOO_LONG, (MAX_CHARS, MAX_CHARS + 1), message),))
    if (half := _SURROGATE.search(text)) is not None:
        raise RuleError(
            (diagnose(text, Code.BAD_CHARACTER, half.span(), "half of a surrogate pair is no character"),)
        )
    return _Reading(text, vocabulary).run()


_CLOSERS = ("RPAR", "COMMA")
"""For these, where they do not fit, the parser would close what an `and` could still go on with."""


class _Reading:
    """One pass over a text: takes tokens one by one, so that limits hold before anything is built."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.vocabulary = vocabulary
        self.words: list[Word] = []
        """What the parser was fed, without what was taken back."""
        self.seen: list[Word] = []
        """What the text has."""
        self.found: list[Diagnostic] = []
        self.limits = Limits(text, vocabulary.noun)
        self.machine: Any = _lark().parse_interactive(text)  # lark's interactive parser has no annotations
        self.state: Any = self.machine.parser_state
        self.tokens = self._tokens()

    def run(self) -> Parsed:
        while True:
            word = self._next()
            try:
                if word.kind == "$END":
                    root: Node | None = self.machine.feed_eof()
                    comments = tuple(_comments(self.text, self.seen))
                    return Parsed(self.text, root, comments, tuple(self.found))
                if word.kind and (word.kind not in _CLOSERS or self._fits(None, [word.kind])):
                    self._feed(word)
                    continue
            except UnexpectedToken:
                pass
            self._mend(word)

    def _tokens(self) -> Iterator[Token]:
        return cast(Iterator[Token], self.machine.lexer_thread.lex(self.state))

    def _seek(self, position: int) -> None:
        self.machine.lexer_thread.state.line_ctr.char_pos = position
        self.tokens = self._tokens()

    def _next(self) -> Word:
        """The next token, wherever it may stand; `$END` at last. Raises RuleError when it breaks a limit."""
        try:
            token = next(self.tokens, None)
        except UnexpectedToken as error:
            word = _word(error.token)
            self._seek(word.end)
        except UnexpectedCharacters as error:
            position = error.pos_in_stream or 0
            self._seek(_behind(self.text, position))
            return Word("", self.text[position], position, position + 1)
        else:
            if token is None:
                end = len(self.text.rstrip())
                return Word("$END", "", end, end)
            word = _word(token)
        if not self.seen or word.start >= self.seen[-1].end:
            self.seen.append(word)
            if (excess := self.limits.take(word)) is not None:
                raise RuleError((*self.found, excess))
        return word

    def _feed(self, word: Word) -> None:
        """Raises UnexpectedToken where the token does not fit."""
        value, fault = _value(self.text, word)
        self.machine.feed_token(Token(word.kind, value, start_pos=word.start, end_pos=word.end))
        self.words.append(word)
        if fault is not None:
            self.found.append(fault)

    def _mend(self, bad: Word) -> None:
        """Note what is wrong with `bad` and set the parser up to read on; raises RuleError after many faults."""
        stack = self._reduced(list(self.state.state_stack), bad.kind)
        accepts = frozenset(
            kind for kind in self.state.parse_conf.states[stack[-1]] if self._follows(list(stack), [kind])
        )
        fault = explain(Spot(self.text, self.words, bad, accepts, self.vocabulary))
        if bad.kind != "$END" or all(item.code is not Code.UNCLOSED_STRING for item in self.found):
            self.found.append(fault.diagnostic)  # else the open text took in what is missing
        if len(self.found) >= MAX_FAULTS:
            raise RuleError(tuple(self.found))
        keep = len(self.state.value_stack)
        if fault.drop is not None:
            while keep and _start(self.state.value_stack[keep - 1]) >= fault.drop:
                keep -= 1
        if fault.resume is not None and self._fits(keep, [kind for kind, _ in fault.insert]):
            start = bad.start if fault.drop is None else fault.drop
            self._replace(keep, fault.insert, (start, max(start, fault.resume)))
            self._seek(fault.resume)
        else:
            end = fault.diagnostic.span[1]
            start = bad.start if bad.kind else _behind(self.text, bad.start)
            self._recover(start, end if end > bad.end else 0)

    def _recover(self, start: int, told: int) -> None:
        """Skip to a joint, from `start` or from where the fault's place ends."""
        self._seek(max(start, told))
        stack = [part.type if isinstance(part, Token) else "" for part in self.state.value_stack]
        word, plan = joint(iter(self._next, None), stack, self._fits)
        self._replace(plan.keep, plan.insert, (word.start, word.start))
        self._seek(word.end if plan.leave_out else word.start)

    def _replace(self, keep: int, insert: Sequence[tuple[str, str]], span: Span) -> None:
        """Take back all but the first values of the stack, and feed tokens that fit there."""
        dropped = self.state.value_stack[keep:]
        if dropped:
            start = _start(dropped[0])
            while self.words and self.words[-1].start >= start:
                self.words.pop()
            del self.state.value_stack[keep:], self.state.state_stack[keep + 1 :]
        for kind, spelling in insert:
            self._feed(Word(kind, spelling, *span))

    def _fits(self, keep: int | None, kinds: list[str]) -> bool:
        """Terminals could follow the first values of the stack (None: all of it)."""
        return self._follows(self.state.state_stack[: None if keep is None else keep + 1], kinds)

    def _follows(self, stack: list[Any], kinds: list[str]) -> bool:
        conf = self.state.parse_conf
        for kind in kinds:
            self._reduced(stack, kind)
            if kind == "$END":
                return bool(stack[-1] == conf.end_state)
            action = conf.states[stack[-1]].get(kind)
            if action is None:
                return False
            stack.append(action[1])
        return True

    def _reduced(self, stack: list[Any], kind: str) -> list[Any]:
        """The states after all that the parser would close when it sees the terminal."""
        conf = self.state.parse_conf
        while stack[-1] != conf.end_state:
            action = conf.states[stack[-1]].get(kind)
            if action is None or action[0] is Shift:
                break
            rule = action[1]
            if rule.expansion:
                del stack[-len(rule.expansion) :]
            stack.append(conf.states[stack[-1]][rule.origin.name][1])
        return stack


def _behind(text: str, position: int) -> int:
    """Where to go on behind a character that no token has: a run of letters of another script is one fault."""
    run = _NO_TOKEN.match(text, position + 1)
    return run.end() if run is not None else position + 1


def _value(text: str, word: Word) -> tuple[str, Diagnostic | None]:
    """A token as the tree takes it: texts without quotes and escapes, numbers known to be finite."""
    span = (word.start, word.end)
    if word.kind == "STRING":
        value, fault = read_string(word.text, (0, len(word.text)))
        return (value, None) if fault is None else read_string(text, span)
    if word.kind == "RAW":
        return word.text[2:-1], None
    if word.kind in ("INT", "FLOAT") and read_number(word.text) is None:
        return "0", diagnose(text, Code.NUMBER_RANGE, span, "the number is too large")
    return word.text, None


def _start(part: Part) -> int:
    """The offset at which a value of the stack begins."""
    if isinstance(part, Tree):
        return _start(part.children[0])
    return int(part.start_pos or 0) if isinstance(part, Token) else int(part.span[0])


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
    return Lark(
        GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False, transformer=Build(Token)
    )


class Prefix(msgspec.Struct, frozen=True):
    """Where the grammar stands behind some tokens, for completion."""

    read: int
    """How many of the tokens it took; fewer than given where one did not fit."""
    stack: tuple[Node | Word, ...]
    """What it has read: finished nodes, and the tokens of what is not finished."""
    accepts: frozenset[str]
    """Terminals that fit next."""
    operand: Node | None
    """The value before this place, where an operator could follow."""
    path: Node | None
    """The path before this place, where a step could follow."""


def read_prefix(words: Sequence[Word]) -> Prefix:
    """Read the first tokens of a rule. Knows no limits; raises nothing."""
    machine: Any = _lark().parse_interactive("")
    read = 0
    for word in words:
        try:
            machine.feed_token(Token(word.kind, _plain(word), start_pos=word.start, end_pos=word.end))
        except UnexpectedToken:
            return Prefix(read, (), frozenset(), None, None)
        read += 1
    accepts = frozenset(machine.accepts())
    stack = tuple(_unfinished(machine.parser_state.value_stack))
    joint = next((kind for kind in ("COMPARE", "COMMA", "AND") if kind in accepts), None)
    node: Node | Word | None = None
    if joint is not None:
        # A token that cannot belong to the operand makes the parser finish it.
        machine.feed_token(Token(joint, ""))
        *_, node, _ = _unfinished(machine.parser_state.value_stack)
    operand = None if isinstance(node, Word) else node
    last = operand
    while isinstance(last, tree.Compare | tree.Not):
        last = last.right if isinstance(last, tree.Compare) else last.operand
    return Prefix(
        read,
        stack,
        accepts,
        operand if joint == "COMPARE" else None,
        last if "DOT_NAME" in accepts and "NAME" not in accepts else None,
    )


def _plain(word: Word) -> str:
    """A token's value, as `_Reading` has it, where faults are of no interest."""
    if word.kind == "STRING":
        return read_string(word.text, (0, len(word.text)))[0]
    if word.kind == "RAW":
        return word.text[2:-1]
    return "0" if word.kind in ("INT", "FLOAT") and read_number(word.text) is None else word.text


def _unfinished(parts: Sequence[Part]) -> Iterator[Node | Word]:
    """Without the lists that lark makes for repeated parts."""
    for part in parts:
        if isinstance(part, Tree):
            yield from _unfinished(part.children)
        elif isinstance(part, Token):
            yield _word(part)
        elif isinstance(part, Group):
            yield part.node
        else:
            yield part


class Terminal(msgspec.Struct, frozen=True):
    """A kind of token and its pattern."""

    name: str
    pattern: str


@functools.cache
def terminals() -> tuple[Terminal, ...]:
    """The grammar's terminals in the order the lexer tries them: the first that matches is the token."""
    ordered = sorted(
        _lark().terminals,
        key=lambda item: (-item.priority, -item.pattern.max_width, -len(item.pattern.value), item.name),
    )
    return tuple(Terminal(item.name, item.pattern.to_regexp()) for item in ordered)
