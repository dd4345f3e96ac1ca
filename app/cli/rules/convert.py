"""`llm-gateway rules convert`."""

import sys
from pathlib import Path

from app.cli.rules.output import colour, print_json, shown
from app.cli.rules.source import read_rule
from app.rules.diagnostics import RuleError
from app.rules.importers.converted import Converted
from app.rules.rows import builder_tree, chips, to_json
from app.services.rule_texts import IMPORTERS


def convert(notation: str, file: Path | None, *, as_json: bool) -> int:
    """Print the rules of another notation and, on standard error, what could not be mapped.

    :returns: 1 where no rule came out of it.
    :raises OSError: the file can't be read.
    """
    source = read_rule(None, file)
    if notation == "text":
        return _to_json(source)
    found = IMPORTERS[notation](source)
    if as_json:
        print_json(found)
    else:
        _show(found)
    return 0 if found.rules else 1


def _show(found: Converted) -> None:
    for rule in found.rules:
        target = f" -> {_line(rule.target)}" if rule.target else ""
        print(colour(f"# {_line(rule.name)}{target}", "grey"))
        print(rule.text or colour("# passes always", "grey"))
        print()
    for note in found.notes:
        place = f"{_line(note.pointer)}: " if note.pointer else ""
        print(f"{colour('note', 'yellow')}: {place}{_line(note.what)}: {_line(note.why)}", file=sys.stderr)


def _line(text: str) -> str:
    """On one line, and nothing in it that a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)


def _to_json(rule: str) -> int:
    try:
        drawn = builder_tree(rule)
    except RuleError as error:
        for found in error.diagnostics:
            print(shown(rule, found), file=sys.stderr)
        return 1
    value = to_json(drawn)
    if value is not None:
        print_json(value)
        return 0
    for chip in chips(drawn):
        text = f"expression only: no row of field, operator and value can say `{_line(chip.text)}`"
        print(text, file=sys.stderr)
    return 1
