"""The rules of one model, ready for requests, and the check of a single rule. The door of this package."""

import functools
from collections.abc import Callable, Mapping

from app.domain.exchange import Verdict
from app.domain.model import Model, Target
from app.rules.ast import conjuncts
from app.rules.check import Checked
from app.rules.check import check as check_tree
from app.rules.compile import Program, compile_choice, compile_refusals, compile_rule
from app.rules.context import Facts
from app.rules.diagnostics import Code, Diagnostic, RuleError, diagnose
from app.rules.limits import MAX_RULES
from app.rules.parser import parse

Lists = Mapping[str, frozenset[str]]
"""Entries of named lists by name, without `$`."""
_NO_LISTS: Lists = {}


def check(text: str, lists: Lists = _NO_LISTS) -> tuple[Diagnostic, ...]:
    """All that is wrong with a rule, or doubtful, in the order of the text. Empty when it is fine."""
    try:
        return check_tree(parse(text), lists).warnings
    except RuleError as error:
        return error.diagnostics


class RuleSet:
    """Implements `domain.snapshot.RuleSet`.

    Raises RuleError when a rule of the model is wrong or there are too many. Texts that were compiled before, for
    this or any other model, cost only the linking.
    """

    __slots__ = ("_lists", "_model", "_names", "_refusals", "_texts", "choose", "needs_tokens")

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
        self._refusals: Callable[[Facts], list[int]] | None = None
        rules = [_checked(text, names) for text in texts]
        self.needs_tokens = any(rule.needs_tokens for rule in rules)
        targets = model.targets
        if all(rule.root is None for rule in rules):
            self.choose = lambda _: targets
        else:
            given = {f"target{index}": target for index, target in enumerate(targets)}
            self.choose = _choice(texts, names).link("choose", lists, {**given, "all": targets, "none": ()})

    def explain(self, facts: Facts) -> list[Verdict]:
        """The verdict on the model (`target_id` None) and on each target, in stored order. Never raises."""
        if self._refusals is None:
            self._refusals = _refusals(self._texts, self._names).link("refusals", self._lists, {})
        targets: tuple[Target | None, ...] = (None, *self._model.targets)
        return [
            _verdict(target, text, number, self._names)
            for target, text, number in zip(targets, self._texts, self._refusals(facts), strict=True)
        ]


def _verdict(target: Target | None, text: str, number: int, names: frozenset[str]) -> Verdict:
    target_id, provider = (None, None) if target is None else (target.id, target.provider.name)
    root = _checked(text, names).root if number >= 0 else None
    if root is None:
        return Verdict(target_id, provider, passed=True)
    start, end = span = conjuncts(root)[number].span
    return Verdict(target_id, provider, passed=False, refused_by=text[start:end], span=span)


def predicate(text: str, lists: Lists = _NO_LISTS) -> Callable[[Facts], bool]:
    """One rule as a function. Raises RuleError."""
    names = frozenset(lists)
    return _single(text, names).link("passes", lists, {})


@functools.lru_cache(maxsize=8192)
def _checked(text: str, names: frozenset[str]) -> Checked:
    """What `check` makes of a rule depends on which lists there are, not on their entries."""
    return check_tree(parse(text), dict.fromkeys(names, frozenset()))


@functools.lru_cache(maxsize=2048)
def _choice(texts: tuple[str, ...], names: frozenset[str]) -> Program:
    model, *rules = (_checked(text, names) for text in texts)
    return compile_choice(model, rules)


@functools.lru_cache(maxsize=2048)
def _refusals(texts: tuple[str, ...], names: frozenset[str]) -> Program:
    return compile_refusals([_checked(text, names) for text in texts])


@functools.lru_cache(maxsize=2048)
def _single(text: str, names: frozenset[str]) -> Program:
    return compile_rule(_checked(text, names))
