"""`llm-gateway rules format`."""

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.cli.rules.output import Colour, colour, print_json, shown
from app.cli.rules.source import read_rule
from app.rules.diagnostics import Diagnostic, RuleError
from app.rules.format import format_rule


class FormattedText(msgspec.Struct, frozen=True):
    """One rule as `--json` prints it. `file` is null for a text that came otherwise, `text` for what is no rule."""

    file: str | None
    text: str | None
    changed: bool
    diagnostics: tuple[Diagnostic, ...] = ()


def format_command(
    text: str | None, files: Sequence[Path], *, check: bool, write: bool, as_json: bool
) -> int:
    """Print rules in canonical form; or say which are not in it; or write the files anew.

    :returns: 1 where a rule can't be read, and with `check` where one would change.
    :raises OSError: a file can't be read or written.
    """
    made: list[FormattedText] = []
    for path in files or (None,):
        rule = read_rule(text, path)
        place = str(path) if path is not None else ""
        try:
            formatted = format_rule(rule)
        except RuleError as error:
            made.append(FormattedText(place or None, None, False, error.diagnostics))
            for found in error.diagnostics:
                print(shown(rule, found, place), file=sys.stderr)
            continue
        made.append(FormattedText(place or None, formatted, formatted != rule))
        if write and path is not None:
            _write(path, formatted)
        elif not as_json and check:
            _show_changes(rule, formatted, place or "rule")
        elif not as_json:
            print(formatted)
    if as_json:
        print_json(made)
    return int(any(one.text is None or (check and one.changed) for one in made))


def _show_changes(rule: str, formatted: str, place: str) -> None:
    tints: dict[str, Colour] = {"-": "red", "+": "green"}
    lines = difflib.unified_diff(
        rule.splitlines(), formatted.splitlines(), place, f"{place}, formatted", lineterm=""
    )
    for line in lines:
        tint = tints.get(line[0])
        print(line if tint is None else colour(line, tint))


def _write(path: Path, formatted: str) -> None:
    """Touch only a file that changes; one line end closes it."""
    text = formatted + "\n" if formatted else ""
    if path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
        print(f"formatted {path}", file=sys.stderr)
