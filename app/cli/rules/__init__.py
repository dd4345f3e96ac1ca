"""The commands `llm-gateway rules ...`: arguments. What they do is in the files next door, imported when called."""

import argparse
from pathlib import Path


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Put `rules` and its own commands among the commands."""
    rules = commands.add_parser("rules", help="the rule language").add_subparsers(
        metavar="COMMAND", required=True
    )
    _check(rules)
    _format(rules)
    _convert(rules)
    _replay(rules)
    _explain(rules)
    _analyse(rules)
    _test(rules)
    _transfer(rules)


def _draft(parser: argparse.ArgumentParser) -> None:
    """Rules to try, which are not stored."""
    parser.add_argument("--rule", metavar="TEXT", help="try this as the model's own rule")
    parser.add_argument(
        "--target",
        type=_target_rule,
        action="append",
        default=[],
        metavar="ID=TEXT",
        help="try this as the rule of a target, by its number; any number of times",
    )


def _check(rules: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = rules.add_parser("check", help="check rules and point at their faults")
    parser.add_argument(
        "text", nargs="?", metavar="TEXT", help="the rule; from standard input without TEXT and --file"
    )
    parser.add_argument("--file", type=Path, nargs="+", default=[], help="files with one rule each")
    parser.add_argument(
        "--list", action="append", default=[], metavar="NAME", help="a named list that the rules may use"
    )
    parser.add_argument("--logs", action="store_true", help="the text is a filter of the request log")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run_check)


def _run_check(arguments: argparse.Namespace) -> int:
    from app.cli.rules.check import check

    return check(
        arguments.text,
        arguments.file,
        lists=arguments.list,
        logs=arguments.logs,
        as_json=arguments.json,
    )


def _analyse(rules: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = rules.add_parser("analyse", help="look at all rules of a model together")
    parser.add_argument("model", metavar="MODEL", help="name of the model")
    _draft(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run_analyse)


def _run_analyse(arguments: argparse.Namespace) -> int:
    from app.cli.rules.analyse import analyse_command

    return analyse_command(arguments.model, arguments.rule, arguments.target, as_json=arguments.json)


def _format(rules: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = rules.add_parser("format", help="print rules in their one canonical form")
    parser.add_argument(
        "text", nargs="?", metavar="TEXT", help="the rule; from standard input without TEXT and files"
    )
    parser.add_argument("--file", type=Path, nargs="+", default=[], help="files with one rule each")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 where a rule would change"
    )
    parser.add_argument(
        "--write", type=Path, nargs="+", default=[], metavar="FILE", help="write these files anew"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run_format, parser=parser)


def _run_format(arguments: argparse.Namespace) -> int:
    from app.cli.rules.format import format_command

    if arguments.check and arguments.write:
        arguments.parser.error("argument --write: not allowed with argument --check")
    return format_command(
        arguments.text,
        [*arguments.file, *arguments.write],
        check=arguments.check,
        write=bool(arguments.write),
        as_json=arguments.json,
    )


def _convert(rules: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = rules.add_parser("convert", help="rules of other gateways to ours, and ours to JSON")
    parser.add_argument(
        "--from",
        dest="notation",
        required=True,
        choices=("json", "bifrost", "portkey", "litellm", "text"),
        help="notation of the source; `text` is a rule, which becomes JSON",
    )
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="standard input without it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run_convert)


def _run_convert(arguments: argparse.Namespace) -> int:
    from app.cli.rules.convert import convert

    return convert(arguments.notation, arguments.file, as_json=arguments.json)


def _explain(rules: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = rules.add_parser("explain", help="show what becomes of a request, and why")
    parser.add_argument("model", nargs="?", metavar="MODEL", help="in place of the one in the request")
    parser.add_argument("--request", type=Path, metavar="FILE", help="YAML or JSON file with the request")
    parser.add_argument(
        "--request-id", metavar="ID", help="a logged request, as its configuration decided then"
    )
    parser.add_argument("--now", action="store_true", help="put the logged request through the present rules")
    _draft(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run_explain)


def _run_explain(arguments: argparse.Namespace) -> int:
    from app.cli.rules.explain import explain_command

    return explain_command(
        arguments.model,
        arguments.request,
        arguments.request_id,
        arguments.rule,
        arguments.target,
        now=arguments.now,
        as_json=arguments.json,
    )


def _test(rules: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = rules.add_parser("test", help="run the tests kept with rules")
    parser.add_argument("--model", metavar="NAME", help="only those of one model")
    parser.add_argument("--file", type=Path, help="run the tests of a YAML file instead of those stored")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write a report as JUnit XML")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run_test)


def _run_test(arguments: argparse.Namespace) -> int:
    from app.cli.rules.test import test

    return test(arguments.model, arguments.file, arguments.junit, as_json=arguments.json)


def _transfer(rules: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = rules.add_parser("export", help="print rules, named lists and tests as YAML")
    parser.set_defaults(run=_run_export)
    parser = rules.add_parser("import", help="apply such a file, all of it or nothing")
    parser.add_argument("file", type=Path, metavar="FILE", help="the YAML file")
    parser.add_argument("--dry-run", action="store_true", help="check and test it, and change nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run_import)


def _run_export(_arguments: argparse.Namespace) -> int:
    from app.cli.rules.transfer import export

    return export()


def _run_import(arguments: argparse.Namespace) -> int:
    from app.cli.rules.transfer import import_file

    return import_file(arguments.file, dry_run=arguments.dry_run, as_json=arguments.json)


def _replay(rules: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = rules.add_parser("replay", help="try drafted rules on logged requests")
    parser.add_argument("model", nargs="?", metavar="MODEL", help="name of the model")
    _draft(parser)
    parser.add_argument("--file", type=Path, metavar="FILE", help="YAML with `rule`, `targets` and `lists`")
    parser.add_argument(
        "--last",
        type=_positive,
        default=10_000,
        metavar="N",
        help="the newest N requests of the model [10000]",
    )
    parser.add_argument(
        "--filter", default="", metavar="TEXT", help="only requests for which this log filter is true"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--json-lines", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=_run_replay, parser=parser)


def _run_replay(arguments: argparse.Namespace) -> int:
    from app.cli.rules.replay import replay_command, replay_lines

    if arguments.json_lines:
        return replay_lines()
    if arguments.model is None:
        arguments.parser.error("the following arguments are required: MODEL")
    return replay_command(
        arguments.model,
        arguments.rule,
        arguments.target,
        arguments.file,
        arguments.last,
        arguments.filter,
        as_json=arguments.json,
    )


def _target_rule(text: str) -> tuple[int, str]:
    number, equals, rule = text.partition("=")
    if not equals or not number.strip().isdecimal():
        raise argparse.ArgumentTypeError("expected the number of a target, `=`, and a rule")
    return int(number), rule


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("expected a number from 1 on")
    return int(text)
