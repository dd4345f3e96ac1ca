"""The rules of one model, ready for requests, and the check of a single rule. The door of this package."""

import functools
from collections.abc import Callable, Mapping
from itertools import chain
from operator import getitem
from typing import Final, TypeAlias, TypeVar, cast

import msgspec

from app.domain.attempt import Verdict
from app.domain.model import Model, Target
from app.rules.ast import Node, Span, conjuncts
from app.rules.check import Checked
from app.rules.check import check as check_tree
from app.rules.compile import Program, compile_choice, compile_refusals, compile_rule
from app.rules.context import Facts
from app.rules.diagnostics import Code, Diagnostic, RuleError, diagnose
from app.rules.fields import RULES, Vocabulary
from app.rules.fold import folded, reads_model
from app.rules.limits import MAX_RULES
from app.rules.parser import parse
from rules_grammar import VERSION

Lists = Mapping[str, frozenset[str]]
"""Entries of named lists by name, without `$`."""
T = TypeVar("T")
_NO_LISTS: Lists = {}
GRAMMAR: Final = VERSION
"""Version of the rule language, stored beside each rule."""


def check(text: str, lists: Lists = _NO_LISTS, vocabulary: Vocabulary = RULES) -> tuple[Diagnostic, ...]:
    """All that is wrong with a rule, or doubtful, in the order of the text. Empty when it is fine."""
    try:
        return check_tree(parse(text, vocabulary), lists, vocabulary).warnings
    except RuleError as error:
        return error.diagnostics


class RuleSet:
    """Implements `domain.snapshot.RuleSet`.

    Raises RuleError when a rule of the model is wrong or there are too many. Texts that were compiled before, for
    this or any other model, cost only the linking.
    """

    __slots__ = ("_compiled", "_explained", "_lists", "_model", "_refusals", "choose", "needs_tokens")

    _compiled: "_Compiled"
    _explained: "_Explained | None"
    choose: Callable[[Facts], tuple[Target, ...]]
    """Targets whose rules pass, in stored order; empty when the model's own rule does not. Never raises."""

    def __init__(self, model: Model, lists: Lists = _NO_LISTS, like: "RuleSet | None" = None) -> None:
        """:param like: the rule set before, whose code is used again where it fits."""
        if like is not None and like.fits(model, lists):
            compiled, self._explained = like._compiled, like._explained
        else:
            self._explained = None
            compiled = _compile(rule_texts(model), frozenset(lists), model.name)
        self._compiled = compiled
        self._model = model
        self._lists = lists
        self._refusals: _Refusals | None = None
        self.needs_tokens = compiled.needs_tokens
        targets = model.targets
        if not compiled.choices:
            self.choose = lambda _: targets
        elif len(compiled.choices) == 1:
            self.choose = _link_choice(compiled.choices[0], targets, lists)
        else:
            own, *parts = compiled.choices
            passes = _link_choice(own, targets, lists)
            asked = [_link_choice(*part, lists) for part in zip(parts, _parts(targets), strict=True)]
            self.choose = lambda facts: (
                tuple(chain.from_iterable([ask(facts) for ask in asked])) if passes(facts) else ()
            )

    def fits(self, model: Model, lists: Lists) -> bool:
        """Whether the code can serve a model and lists: rules and names are the same."""
        known = self._compiled
        return (rule_texts(model), frozenset(lists), model.name) == (known.texts, known.names, known.model)

    def prepare(self) -> None:
        """Compile now what the first `explain` would."""
        if self._explained is None:
            compiled = self._compiled
            together = [compiled.texts] if len(compiled.choices) < 2 else _parts(compiled.texts)
            self._explained = (
                [_refusals(texts, compiled.names, compiled.folded) for texts in together],
                [_causes(text, checked(text, compiled.names).root) for text in compiled.texts],
            )

    def explain(self, facts: Facts) -> list[Verdict]:
        """The verdict on the model (`target_id` None) and on each target, in stored order. Never raises.

        The list is shared with other requests that end the same way.
        """
        asked, verdicts, known = self._refusals or self._link_refusals()
        numbers = (
            tuple(chain.from_iterable([ask(facts) for ask in asked]))
            if len(asked) > 1
            else tuple(asked[0](facts))
        )
        found = known.get(numbers)
        if found is None:
            if len(known) >= _KNOWN:
                known.clear()
            found = known[numbers] = list(map(getitem, verdicts, numbers))
        return found

    def _link_refusals(self) -> "_Refusals":
        self.prepare()
        programs, causes = cast(_Explained, self._explained)
        targets: tuple[Target | None, ...] = (None, *self._model.targets)
        made: _Refusals = (
            [program.link("refusals", self._lists, {}) for program in programs],
            list(map(_verdicts, targets, causes)),
            {},
        )
        self._refusals = made
        return made


class _Compiled(msgspec.Struct, frozen=True):
    """What the rule sets of one model have in common for as long as its rules stay as they are."""

    texts: tuple[str, ...]
    names: frozenset[str]
    model: str
    folded: str | None
    """The model's name, where a rule asks for it."""
    needs_tokens: bool
    choices: tuple[Program, ...]
    """None for all targets, always; one as a rule; where there are many rules, the model's own and one for each part
    of the targets."""


_Cause: TypeAlias = tuple[str, Span]
"""What must be true for a rule to pass: its text and place."""
_Explained: TypeAlias = tuple[list[Program], list[list[_Cause]]]
"""Programs that say which condition of each rule refuses, and these conditions."""
_Refusals: TypeAlias = tuple[
    list[Callable[[Facts], list[int]]], list[list[Verdict]], dict[tuple[int, ...], list[Verdict]]
]
"""For each rule the number of the condition that refuses, or -1; by this number the verdict; all verdicts of the
requests so far, by their numbers."""
_KNOWN: Final = 64
"""Different outcomes kept of one model."""

_TOGETHER: Final = 32
"""Rules in one function. Python compiles a function in one go, and no other thread runs meanwhile: 2 ms."""


def _parts(items: tuple[T, ...]) -> list[tuple[T, ...]]:
    return [items[start : start + _TOGETHER] for start in range(0, len(items), _TOGETHER)]


def _link_choice(
    choice: Program, targets: tuple[Target, ...], lists: Lists
) -> Callable[[Facts], tuple[Target, ...]]:
    given = {f"target{index}": target for index, target in enumerate(targets)}
    return choice.link("choose", lists, {**given, "all": targets, "none": ()})


def rule_texts(model: Model) -> tuple[str, ...]:
    """The model's own rule and its targets', empty ones included."""
    return (model.rule, *[target.rule for target in model.targets])


def _compile(texts: tuple[str, ...], names: frozenset[str], model: str) -> _Compiled:
    if sum(map(bool, texts)) > MAX_RULES:
        message = f"a model has at most {MAX_RULES} rules, its own and its targets'"
        raise RuleError((diagnose("", Code.TOO_MANY_RULES, (0, 0), message),))
    rules = [checked(text, names) for text in texts]
    name = model if any(map(_reads_model, rules)) else None
    needs_tokens = any(rule.needs_tokens for rule in _folded(texts, names, name))
    if all(rule.root is None for rule in rules):
        choices: tuple[Program, ...] = ()
    elif sum(map(bool, texts[1:])) <= _TOGETHER:
        choices = (_choice(texts, names, name),)
    else:
        own, *others = texts
        parts = [_choice(("", *part), names, name) for part in _parts(tuple(others))]
        choices = (_choice((own,), names, name), *parts)
    return _Compiled(texts, names, model, name, needs_tokens, choices)


def _causes(text: str, root: Node | None) -> list[_Cause]:
    parts = () if root is None else conjuncts(root)
    return [(text[slice(*part.span)], part.span) for part in parts]


def _verdicts(target: Target | None, causes: list[_Cause]) -> list[Verdict]:
    """The verdicts a rule can have: one for each of its conditions, and at the end that it passes."""
    target_id, provider = (None, None) if target is None else (target.id, target.provider.name)
    refused = [Verdict(target_id, provider, False, *cause) for cause in causes]
    return [*refused, Verdict(target_id, provider, True)]


def predicate(text: str, lists: Lists = _NO_LISTS) -> Callable[[Facts], bool]:
    """One rule as a function. Raises RuleError."""
    names = frozenset(lists)
    return _single(text, names).link("passes", lists, {})


@functools.lru_cache(maxsize=8192)
def checked(text: str, names: frozenset[str]) -> Checked:
    """A rule's checked tree, which depends on which named lists there are and not on their entries.

    Raises RuleError.
    """
    return check_tree(parse(text), dict.fromkeys(names, frozenset()))


def needs_tokens(text: str, lists: Lists = _NO_LISTS) -> bool:
    """The rule asks for a number of tokens that has to be counted. Raises RuleError."""
    return checked(text, frozenset(lists)).needs_tokens


def _reads_model(rule: Checked) -> bool:
    return rule.root is not None and reads_model(rule.root)


def _folded(texts: tuple[str, ...], names: frozenset[str], model: str | None) -> list[Checked]:
    rules = [checked(text, names) for text in texts]
    return rules if model is None else [folded(rule, model) for rule in rules]


@functools.lru_cache(maxsize=2048)
def _choice(texts: tuple[str, ...], names: frozenset[str], model: str | None) -> Program:
    own, *rules = _folded(texts, names, model)
    return compile_choice(own, rules)


@functools.lru_cache(maxsize=2048)
def _refusals(texts: tuple[str, ...], names: frozenset[str], model: str | None) -> Program:
    return compile_refusals([checked(text, names) for text in texts], model)


@functools.lru_cache(maxsize=2048)
def _single(text: str, names: frozenset[str]) -> Program:
    return compile_rule(checked(text, names))
