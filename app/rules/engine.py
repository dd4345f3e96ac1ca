"""The rules of one model, ready for requests, and the check of a single rule. The door of this package."""

import functools
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from app.domain.exchange import Verdict
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

    __slots__ = ("_lists", "_model", "_name", "_names", "_refusals", "_texts", "choose", "needs_tokens")

    choose: Callable[[Facts], tuple[Target, ...]]
    """Targets whose rules pass, in stored order; empty when the model's own rule does not. Never raises."""

    def __init__(self, model: Model, lists: Lists = _NO_LISTS) -> None:
        texts = (model.rule, *(target.rule for target in model.targets))
        if sum(map(bool, texts)) > MAX_RULES:
            message = f"a model has at most {MAX_RULES} rules, its own and its targets'"
            raise RuleError((diagnose("", Code.TOO_MANY_RULES, (0, 0), message),))
        self._model = model
        self._lists = lists
        self._texts = texts
        self._names = names = frozenset(lists)
        self._refusals: _Refusals | None = None
        rules = [checked(text, names) for text in texts]
        self._name = model.name if any(map(_reads_model, rules)) else None
        self.needs_tokens = any(rule.needs_tokens for rule in _folded(texts, names, self._name))
        targets = model.targets
        if all(rule.root is None for rule in rules):
            self.choose = lambda _: targets
        else:
            given = {f"target{index}": target for index, target in enumerate(targets)}
            program = _choice(texts, names, self._name)
            self.choose = program.link("choose", lists, {**given, "all": targets, "none": ()})

    def explain(self, facts: Facts) -> list[Verdict]:
        """The verdict on the model (`target_id` None) and on each target, in stored order. Never raises."""
        if self._refusals is None:
            self._refusals = self._link_refusals()
        ask, causes = self._refusals
        targets: tuple[Target | None, ...] = (None, *self._model.targets)
        return [
            _verdict(target, parts[number] if number >= 0 else None)
            for target, parts, number in zip(targets, causes, ask(facts), strict=True)
        ]

    def _link_refusals(self) -> "_Refusals":
        program = _refusals(self._texts, self._names, self._name)
        causes = tuple(_causes(text, checked(text, self._names).root) for text in self._texts)
        return program.link("refusals", self._lists, {}), causes


_Cause: TypeAlias = tuple[str, Span]
"""What must be true for a rule to pass: its text and place."""
_Refusals: TypeAlias = tuple[Callable[[Facts], list[int]], tuple[list[_Cause], ...]]


def _causes(text: str, root: Node | None) -> list[_Cause]:
    parts = () if root is None else conjuncts(root)
    return [(text[slice(*part.span)], part.span) for part in parts]


def _verdict(target: Target | None, cause: _Cause | None) -> Verdict:
    target_id, provider = (None, None) if target is None else (target.id, target.provider.name)
    refused_by, span = cause or (None, None)
    return Verdict(target_id, provider, cause is None, refused_by, span)


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
