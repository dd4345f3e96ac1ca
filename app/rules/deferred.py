"""Rules of a model that are compiled when the first request asks, or somebody finds the time before that."""

from typing import Any

from app.domain.attempt import Verdict
from app.domain.model import Model, Target
from app.rules.engine import Lists, RuleSet

WRONG = "rules that can't be compiled"
"""What refuses, until it is found, that the rules are wrong."""


class DeferredRules:
    """Implements `domain.snapshot.RuleSet` before there is code. Wrong rules let nothing in."""

    __slots__ = ("_found", "_lists", "_model")

    def __init__(self, model: Model, lists: Lists) -> None:
        self._model = model
        self._lists = lists
        self._found: RuleSet | Exception | None = None

    def find(self) -> RuleSet | Exception:
        """The compiled rules, or what is wrong with them: RuleError as a rule."""
        if self._found is None:
            try:
                self._found = RuleSet(self._model, self._lists)
            except Exception as error:  # a request must not meet a fault of the compiler either
                self._found = error.with_traceback(None)
        return self._found

    @property
    def is_found(self) -> bool:
        """A request has asked already."""
        return self._found is not None

    @property
    def needs_tokens(self) -> bool:
        rules = self.find()
        return isinstance(rules, RuleSet) and rules.needs_tokens

    def choose(self, facts: Any) -> tuple[Target, ...]:
        rules = self.find()
        return rules.choose(facts) if isinstance(rules, RuleSet) else ()

    def explain(self, facts: Any) -> list[Verdict]:
        rules = self.find()
        return rules.explain(facts) if isinstance(rules, RuleSet) else [Verdict(None, None, False, WRONG)]
