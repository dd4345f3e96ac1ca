"""How the rule commands print: colours on a terminal, JSON for machines, faults under a mark."""

import os
import sys
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from app.rules.diagnostics import Diagnostic, Severity, render

Colour: TypeAlias = Literal["red", "yellow", "green", "blue", "grey", "bold"]
_CODES = {"red": "31", "yellow": "33", "green": "32", "blue": "34", "grey": "90", "bold": "1"}


def colour(
    text: str, name: Colour, *, terminal: bool | None = None, environment: Mapping[str, str] = os.environ
) -> str:
    """The text in a colour where standard output is a terminal and NO_COLOR (https://no-color.org) is not set."""
    if terminal is None:
        terminal = sys.stdout.isatty()
    if not terminal or environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return text
    return f"\x1b[{_CODES[name]}m{text}\x1b[0m"


def print_json(value: Any) -> None:
    """Print structs, lists or mappings as indented JSON."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def shown(text: str, diagnostic: Diagnostic, place: str = "") -> str:
    """A diagnostic for reading, in colours. `place` names the file; then line and column stand behind it."""
    tint: Colour = "red" if diagnostic.severity is Severity.ERROR else "yellow"
    head, line, marks, *rest = render(text, diagnostic).split("\n")
    severity, _, reason = head.partition(":")
    rows = [colour(severity, tint) + f":{reason}", line, colour(marks, tint)]
    if place:
        rows[0] = f"{place}:{diagnostic.line}:{diagnostic.column}: {rows[0]}"
    rows += [colour(row, "green") if row.startswith("  fix: ") else row for row in rest]
    return "\n".join(rows)
