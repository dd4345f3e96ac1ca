"""A test of a model's rules: who shall take a request, and whether they do. `engine` next door has the rules."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from app.domain.attempt import Verdict
from app.domain.model import Target
from app.rules.ast import Span
from app.rules.context import Facts
from app.rules.engine import RuleSet

TargetName = Annotated[str, Meta(min_length=1, max_length=301, pattern=r"^[^\x00]*(?![\s\S])")]
"""`provider`, which stands for each of its targets, or `provider/target model`."""
Names = Annotated[tuple[TargetName, ...], Meta(max_length=63)]


class Expect(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """What shall become of a request, by the rules alone. A target is named by its provider, or as
    `provider/target model` where the provider is there twice."""

    candidates: Annotated[
        Names | None, Meta(description="Exactly these targets take it, in the order of the model.")
    ] = None
    includes: Annotated[Names, Meta(description="These targets are among those that take it.")] = ()
    excludes: Annotated[Names, Meta(description="None of these targets takes it.")] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing is expected, so that the test could not fail."""
        return self.candidates is None and not self.includes and not self.excludes


class Refusal(msgspec.Struct, frozen=True):
    """A rule that did not let the request pass."""

    target: str | None
    """Name of the target; None: the model's own rule."""
    target_id: int | None
    refused_by: str
    """The first sub-expression that is false, as its author wrote it."""
    span: Span


class Outcome(msgspec.Struct, frozen=True):
    """What came of a test."""

    passed: bool
    candidates: tuple[str, ...]
    """Names of the targets whose rules let the request pass, in the order of the model."""
    refusals: tuple[Refusal, ...]
    unknown: tuple[str, ...]
    """Expected names that no target of the model has."""
    message: str
    """What was expected and what came, in a sentence; empty where the test passed."""


def run(targets: Sequence[Target], rules: RuleSet, facts: Facts, expect: Expect) -> Outcome:
    """Ask the rules. `targets` are those of the rules; `facts` have their tokens counted where a rule needs them."""
    names = target_names(targets)
    chosen = rules.choose(facts)
    came = tuple(names[target.id] for target in chosen)
    message = _difference(expect, chosen, came)
    expected = dict.fromkeys((*(expect.candidates or ()), *expect.includes, *expect.excludes))
    return Outcome(
        passed=not message,
        candidates=came,
        refusals=tuple(_refusals(rules.explain(facts), names)) if len(chosen) < len(targets) else (),
        unknown=tuple(name for name in expected if not any(_is(target, name) for target in targets)),
        message=message,
    )


def target_names(targets: Iterable[Target]) -> dict[int, str]:
    """By id the shortest name that fits each target alone, as far as there is one."""
    providers = [target.provider.name for target in targets]
    return {
        target.id: _full(target) if providers.count(target.provider.name) > 1 else target.provider.name
        for target in targets
    }


def _full(target: Target) -> str:
    return f"{target.provider.name}/{target.target_model}"


def _is(target: Target, name: str) -> bool:
    return name in (target.provider.name, _full(target))


def _difference(expect: Expect, chosen: Sequence[Target], came: Sequence[str]) -> str:
    faults = []
    wanted = expect.candidates
    if wanted is not None and not (len(wanted) == len(chosen) and all(map(_is, chosen, wanted))):
        faults.append(f"expected {_listed(wanted)} to take it")
    absent = [name for name in expect.includes if not any(_is(target, name) for target in chosen)]
    if absent:
        faults.append(f"expected {_listed(absent)} among those that take it")
    present = [name for name in expect.excludes if any(_is(target, name) for target in chosen)]
    if present:
        faults.append(f"expected {_listed(present)} not to take it")
    return (
        f"{' and '.join(faults)}; {_listed(came)} {'takes' if len(came) < 2 else 'take'} it" if faults else ""
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _refusals(verdicts: Iterable[Verdict], names: dict[int, str]) -> Iterable[Refusal]:
    for verdict in verdicts:
        if not verdict.passed and verdict.refused_by is not None and verdict.span is not None:
            name = None if verdict.target_id is None else names[verdict.target_id]
            yield Refusal(name, verdict.target_id, verdict.refused_by, verdict.span)
