"""The commands `llm-gateway rules ...`: arguments. What they do is in the files next door, imported when called."""

import argparse
from pathlib import Path


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Put `rules` and its own commands among the commands."""
    rules = commands.add_parser("rules", help="the rule language").add_subparsers(
        metavar="COMMAND", required=True
    )
    _check(rules)


def _text(parser: argparse.ArgumentParser) -> None:
    """A rule, from wherever."""
    parser.add_argument(
        "text", nargs="?", metavar="TEXT", help="the rule; from standard input without TEXT and --file"
    )
    parser.add_argument("--file", type=Path, help="file with the rule")


def _check(rules: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = rules.add_parser("check", help="check a rule and point at its faults")
    _text(parser)
    parser.set_defaults(run=_run_check)


def _run_check(arguments: argparse.Namespace) -> int:
    from app.cli.rules.check import check

    return check(arguments.text, arguments.file)
