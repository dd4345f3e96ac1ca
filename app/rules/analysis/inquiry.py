"""One analysis under way: the rules as they are read, the questions put to their meanings, what was found."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from app.domain.model import Strategy
from app.domain.sample import Sample
from app.rules.analysis.diagrams import Spent
from app.rules.analysis.findings import ENDPOINT_NAMES, Finding, FindingCode, FindingSeverity, Named, Proof
from app.rules.analysis.meanings import Meaning, Meanings
from app.rules.ast import Node, Span
from app.rules.check import check
from app.rules.diagnostics import RuleError, Severity
from app.rules.parser import parse

T = TypeVar("T")


class Rule(msgspec.Struct):
    """A rule that could be read. `target` is None for the model's own."""

    target: Named | None
    text: str
    root: Node | None
    alone: Meaning
    """Of the rule by itself."""
    candidate: Meaning
    """The target is a candidate: the model's own rule passes, the endpoint fits, its rule passes."""
    always: bool = False
    """It refuses nothing that the model's own rule lets through."""

    @property
    def priority(self) -> int:
        return 0 if self.target is None else self.target.priority


class Inquiry:
    """The model's rule and its targets' rules; texts that are none are findings, and left out."""

    def __init__(
        self,
        model_name: str,
        model_rule: str,
        targets: Sequence[Named],
        lists: Mapping[str, frozenset[str]],
        strategy: Strategy,
    ) -> None:
        self.model_name = model_name
        self.model_rule = model_rule
        self.lists = lists
        self.strategy = strategy
        self._names: Mapping[str, frozenset[str]] = dict.fromkeys(lists, frozenset())
        """To check a rule, which needs no entries but to warn of some."""
        self.found: list[Finding] = []
        self.targets: list[tuple[Named, Node | None]] = []
        for target in targets:
            valid, root = self._read(target.rule, target)
            if valid:
                self.targets.append((target, root))
        self.valid, self.root = self._read(model_rule, None)
        spoken = frozenset(name for target, _ in self.targets for name in target.endpoints)
        endpoints = [name for name in ENDPOINT_NAMES if name in spoken] or ENDPOINT_NAMES
        roots = [root for root in (self.root, *(root for _, root in self.targets)) if root is not None]
        self.meanings = Meanings(model_name, roots, lists, endpoints)
        self.complete = not self.meanings.thinned

    def meaning(self, root: Node | None) -> Meaning | None:
        """As all questions here: None where the answer would take too long."""
        return self.ask(lambda: self.meanings.of(root))

    def both(self, one: Meaning, other: Meaning) -> Meaning | None:
        return self.ask(lambda: self.meanings.both(one, other))

    def can_be(self, meanings: Sequence[Meaning]) -> tuple[bool, bool] | None:
        return self.ask(lambda: self.meanings.can_be(meanings))

    def example(
        self, meanings: Sequence[Meaning], passing: Iterable[Rule], failing: Iterable[Rule] = ()
    ) -> tuple[Sample, bool] | None:
        """A request of these conditions, and whether it is well made; None also where there is none.

        The rules themselves are asked again: they must let it through, or refuse it.
        """
        found = self.ask(lambda: self.meanings.example(*meanings))
        if found is None or not all(self.meanings.passes(rule.root, found[0]) for rule in passing):
            return None
        return None if any(self.meanings.passes(rule.root, found[0]) for rule in failing) else found

    def ask(self, question: Callable[[], T]) -> T | None:
        """The answer; None where it would take too long, which the analysis will say."""
        self.meanings.allow()
        try:
            return question()
        except (Spent, RecursionError):  # the latter: a diagram as deep as Python's stack
            self.complete = False
            return None

    def add(
        self,
        code: FindingCode,
        severity: FindingSeverity,
        message: str,
        target: Named | None,
        *,
        others: Iterable[Rule] = (),
        proven: bool = True,
        span: Span | None = None,
        example: tuple[Sample, bool] | None = None,
    ) -> None:
        self.found.append(
            Finding(
                code=code,
                severity=severity,
                proof=Proof.PROVEN if proven else Proof.NOT_FOUND,
                message=message,
                target_id=None if target is None else target.id,
                other_ids=tuple(rule.target.id for rule in others if rule.target is not None),
                span=span,
                example=None if example is None else example[0],
            )
        )

    def _read(self, text: str, target: Named | None) -> tuple[bool, Node | None]:
        try:
            return True, check(parse(text), self._names).root
        except RuleError as error:
            first = next(d for d in error.diagnostics if d.severity is Severity.ERROR)
            message = f"{rule_of(target)} is not valid and left out: {first.message}"
            self.add(FindingCode.INVALID, FindingSeverity.ERROR, message, target, span=first.span)
            return False, None


def name_of(target: Named | None) -> str:
    return "the model" if target is None else f"target {target.id} ({target.name})"


def rule_of(target: Named | None) -> str:
    return "the model's own rule" if target is None else f"the rule of {name_of(target)}"
