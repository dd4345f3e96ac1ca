"""`llm-gateway rules check`."""

from pathlib import Path

from app.cli.rules.source import read_rule
from app.rules.diagnostics import Severity, render
from app.rules.engine import check as check_rule


def check(text: str | None, file: Path | None) -> int:
    """Print what is wrong with a rule, each fault under a mark.

    :returns: 1 where something keeps it from being stored; warnings don't.
    """
    rule = read_rule(text, file)
    found = check_rule(rule)
    for diagnostic in found:
        print(render(rule, diagnostic))
    faults = sum(diagnostic.severity is Severity.ERROR for diagnostic in found)
    if not found:
        print("The rule is in order.")
    return 1 if faults else 0
