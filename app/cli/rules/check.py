"""`llm-gateway rules check`."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.cli.rules.output import print_json, shown
from app.cli.rules.source import read_rule
from app.rules.diagnostics import Diagnostic, Severity
from app.rules.engine import check as check_rule
from app.rules.fields import LOGS, RULES


class CheckedText(msgspec.Struct, frozen=True):
    """One rule as `--json` prints it. `file` is null for a text that came otherwise."""

    file: str | None
    valid: bool
    diagnostics: tuple[Diagnostic, ...]


def check(text: str | None, paths: Sequence[Path], *, lists: Sequence[str], logs: bool, as_json: bool) -> int:
    """Print what is wrong with one rule or with those of several files, each fault under a mark.

    :param lists: names of the named lists the rules may use, with or without `$`.
    :returns: 1 where something keeps a rule from being stored; warnings don't.
    :raises OSError: a file can't be read.
    """
    known = {name.removeprefix("$"): frozenset[str]() for name in lists}
    checked: list[CheckedText] = []
    for path in paths or (None,):
        rule = read_rule(text, path)
        found = check_rule(rule, known, LOGS if logs else RULES)
        place = str(path) if path is not None else ""
        if not as_json:
            for diagnostic in found:
                print(shown(rule, diagnostic, place))
        valid = all(diagnostic.severity is not Severity.ERROR for diagnostic in found)
        checked.append(CheckedText(place or None, valid, found))
    if as_json:
        print_json(checked)
    elif not any(one.diagnostics for one in checked):
        print("The rule is in order." if len(checked) == 1 else f"All {len(checked)} rules are in order.")
    return 0 if all(one.valid for one in checked) else 1
