"""What differs between two states of rules, lists and tests, for people to read after an import."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from app.cli.rules.rule_file import FileList, FileModel, FileTarget, FileTest, RuleFile

_ItemT = TypeVar("_ItemT", FileTarget, FileTest)


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is different."""

    place: str
    change: str
    old: str | None = None
    """Text of a rule."""
    new: str | None = None


def shown(change: Change) -> str:
    """A line, and below it a rule as it was and as it is."""
    lines = [f"{change.place}: {change.change}"]
    for mark, rule in (("-", change.old), ("+", change.new)):
        if rule is not None:
            lines += [f"  {mark} {line}" for line in (rule or "(passes always)").split("\n")]
    return "\n".join(lines)


def between(before: RuleFile, after: RuleFile) -> list[Change]:
    """In the order of the file."""
    found: list[Change] = []
    for name, listed in after.lists.items():
        found += _list(f"list `{name}`", before.lists.get(name), listed)
    for name, model in after.models.items():
        if name in before.models:
            found += _model(f"model `{name}`", before.models[name], model)
    return found


def _list(place: str, old: FileList | None, new: FileList) -> Iterator[Change]:
    if old is None:
        yield Change(place, f"made, with {len(new.entries)} entries")
        return
    if old.notes != new.notes:
        yield Change(place, "notes changed")
    come, gone = set(new.entries) - set(old.entries), set(old.entries) - set(new.entries)
    if come or gone:
        yield Change(place, f"{len(come)} entries added, {len(gone)} removed")
    elif old.entries != new.entries:
        yield Change(place, "put in another order")


def _model(place: str, old: FileModel, new: FileModel) -> Iterator[Change]:
    yield from _rule(place, old.rule or "", new.rule or "")
    for before, after in zip(_all(old.targets), _all(new.targets), strict=True):
        yield from _rule(f"{place}, target `{after.provider}/{after.target_model}`", before.rule, after.rule)
    tests = {test.name: test for test in _all(old.tests)}
    for test in _all(new.tests):
        if test.name not in tests:
            yield Change(f"{place}, test `{test.name}`", "made")
        elif tests.pop(test.name) != test:
            yield Change(f"{place}, test `{test.name}`", "changed")
    for name in tests:
        yield Change(f"{place}, test `{name}`", "removed")


def _rule(place: str, old: str, new: str) -> Iterator[Change]:
    if old != new:
        yield Change(place, "rule changed", old, new)


def _all(items: list[_ItemT] | UnsetType) -> list[_ItemT]:
    return [] if items is UNSET else items
