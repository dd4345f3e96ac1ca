"""The `llm-gateway` command: arguments and exit codes. What the commands do is in the files next door.

`--help` and mistyped arguments answer at once: everything heavy is imported by the command that needs it.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app import __version__
from app.cli.rules import add_commands as add_rule_commands

USAGE = 2
UNAVAILABLE = 69
CONFIGURATION = 78
"""Exit codes; the last two as in BSD's sysexits.h (EX_UNAVAILABLE, EX_CONFIG)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. What goes wrong is one line on stderr.

    :returns: the exit code.
    """
    arguments = _parser().parse_args(argv)
    return explaining(lambda: arguments.run(arguments))


def explaining(run: Callable[[], int]) -> int:
    """Run it; what goes wrong is one line on stderr.

    :returns: its exit code, or the one that stands for what went wrong.
    """
    try:
        code = run()
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        explained = _explained(error)
        if explained is None:
            raise
        code, text = explained
        print(f"llm-gateway: {text}", file=sys.stderr)
    return code


def _explained(error: Exception) -> tuple[int, str] | None:
    """Exit code and sentence for what a user can cause; None for a fault of the program."""
    import msgspec

    from app.common.errors import GatewayError, Unavailable
    from app.common.secrets import KeyringError
    from app.config import SettingsError
    from app.services.migrations import SchemaError

    if isinstance(error, SettingsError | KeyringError | SchemaError):
        return CONFIGURATION, str(error)
    if isinstance(error, Unavailable):
        return UNAVAILABLE, str(error)
    if isinstance(error, msgspec.ValidationError):
        return USAGE, str(error)
    if isinstance(error, GatewayError):
        return 1, str(error)
    if isinstance(error, OSError):
        return 1, f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="llm-gateway",
        description="One address for OpenAI and Anthropic clients; short expressions decide which provider answers.",
        epilog="Settings come from the environment and from .env; docs/configuration.md lists them.",
    )
    parser.add_argument("--version", action="version", version=f"llm-gateway {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    serve = commands.add_parser("serve", help="run the gateway")
    serve.add_argument("--host", help="address to listen on (HOST)")
    serve.add_argument("--port", type=_port, help="port to listen on; 0 takes a free one (PORT)")
    serve.add_argument("--workers", type=_positive, metavar="N", help="processes behind the port (WORKERS)")
    serve.add_argument(
        "--demo", action="store_true", help="with a pretend provider, models and an API key to try"
    )
    serve.set_defaults(run=_serve)

    migrate = commands.add_parser("migrate", help="bring the database up to date; serve does so by itself")
    migrate.set_defaults(run=_migrate)

    keys = commands.add_parser("keys", help="API keys").add_subparsers(metavar="COMMAND", required=True)
    create = keys.add_parser("create", help="make an API key and print it, once")
    create.add_argument("--name", required=True, help="to tell it from others; unique")
    create.add_argument("--models", type=_names, metavar="A,B", help="models it may use; all without this")
    create.add_argument(
        "--expires-days", type=_positive, metavar="N", help="days it works; for ever without this"
    )
    create.set_defaults(run=_keys_create)

    doctor = commands.add_parser("doctor", help="check settings, database, encryption key and providers")
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.set_defaults(run=_doctor)

    add_rule_commands(commands)

    mock = commands.add_parser("mock-upstream", help="run the pretend provider on its own")
    mock.add_argument("--host", default="127.0.0.1", help="address to listen on [127.0.0.1]")
    mock.add_argument("--port", type=_port, default=9000, help="port to listen on; 0 takes a free one [9000]")
    mock.add_argument("--api-key", help="refuse any other key")
    mock.set_defaults(run=_mock_upstream)

    export = commands.add_parser("export-openapi", help="print the OpenAPI document of the admin API")
    export.add_argument("--output", type=Path, metavar="FILE", help="write it there")
    export.set_defaults(run=_export_openapi)
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("expected a number from 0 to 65535")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("expected a number from 1 on")
    return int(text)


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _serve(arguments: argparse.Namespace) -> int:
    from app.cli.start import start

    return start(arguments.host, arguments.port, arguments.workers, with_demo=arguments.demo)


def _migrate(_arguments: argparse.Namespace) -> int:
    from app.cli.database import migrate

    return migrate()


def _keys_create(arguments: argparse.Namespace) -> int:
    from app.cli.database import create_key

    return create_key(arguments.name, arguments.models, arguments.expires_days)


def _doctor(arguments: argparse.Namespace) -> int:
    from app.cli.doctor import doctor

    return doctor(as_json=arguments.json)


def _mock_upstream(arguments: argparse.Namespace) -> int:
    from app.cli.mock import mock_upstream

    return mock_upstream(arguments.host, arguments.port, arguments.api_key)


def _export_openapi(arguments: argparse.Namespace) -> int:
    from app.cli.openapi import export

    return export(arguments.output)
