"""How `serve` begins: settings, and then one process (`serve.py` next door) or a supervisor with several (`worker.py`).

Nothing heavy here: several workers are started by a process that is to stay small.
"""

import logging
import os
import socket
import sys
from pathlib import Path

import msgspec

from app import __version__
from app.cli import descriptors
from app.common import logs
from app.common.hosts import is_loopback
from app.config import Settings, SettingsError, load, unknown_names

ENTRY = (
    f"import sys; sys.path.append({str(Path(__file__).resolve().parents[2])!r}); "
    "from app.workers.entry import main; sys.exit(main())"
)
"""The supervisor's program: this package, whether it is installed or not."""

_log = logging.getLogger(__name__)


def start(host: str | None, port: int | None, workers: int | None, *, with_demo: bool) -> int:
    """Run the gateway until a stop signal.

    :param host: instead of the setting, like `port` and `workers`.
    :raises SettingsError, KeyringError, SchemaError, OSError: it can't start like this.
    """
    descriptors.raise_limit()
    settings = given(load(), host, port, workers)
    logs.configure(debug=settings.debug)
    for name, near in unknown_names():
        _log.warning("%s is no setting%s", name, f"; did you mean {near}?" if near else "")
    if settings.workers > 1:
        return _several(settings, host, port, with_demo=with_demo)
    load_lean()
    from app.cli.serve import serve

    return serve(settings, with_demo=with_demo)


def given(settings: Settings, host: str | None, port: int | None, workers: int | None) -> Settings:
    """The settings, with what the command line says instead."""
    arguments = {"host": host, "port": port, "workers": workers}
    return msgspec.structs.replace(
        settings, **{name: value for name, value in arguments.items() if value is not None}
    )


def load_lean() -> None:
    """To be called before anything heavy is imported by a process that serves."""
    from app.cli import lean

    lean.one_heap()
    lean.import_lean()


def greeting(url: str, workers: int = 1) -> str:
    """What the program says once it answers."""
    lines = [
        f"LLM Gateway {__version__} on {url}",
        f"  OpenAI clients     base URL {url}/v1",
        f"  Anthropic clients  base URL {url}",
        f"  admin API          {url}/api/admin, described at {url}/schema/openapi.json",
    ]
    if workers > 1:
        lines.append(f"  workers            {workers}")
    return "\n".join([*lines, ""])


def url_of(host: str, sock: socket.socket) -> str:
    """Where clients of this machine reach what listens there."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # compared, not bound
    return f"http://{shown.get(host, f'[{host}]' if ':' in host else host)}:{sock.getsockname()[1]}"


def _several(settings: Settings, host: str | None, port: int | None, *, with_demo: bool) -> int:
    """Take the port, and become the supervisor: this process starts anew with next to nothing loaded.

    :raises SettingsError: no such thing on this system.
    """
    if sys.platform == "win32":
        raise SettingsError("WORKERS: Windows can run one")
    from app.workers import port as ports
    from app.workers import shared
    from app.workers.seat import Plan

    listen_on = settings.host
    if settings.admin_token is None and not is_loopback(listen_on):
        from app.cli.serve import safe_host  # asks the database

        listen_on = safe_host(settings, with_demo=with_demo)
    reserved = ports.reserve(listen_on, settings.port)
    url = url_of(listen_on, reserved)
    plan = Plan(
        workers=settings.workers,
        socket=reserved.fileno(),
        memory=shared.make(),
        url=url,
        host=host,
        port=port,
        demo=with_demo,
        debug=settings.debug,
        drain_seconds=settings.drain_seconds,
        greeting=greeting(url, settings.workers),
    )
    for descriptor in (plan.socket, plan.memory):
        os.set_inheritable(descriptor, True)
    shared.leave(plan.memory, plan.encode())
    sys.stdout.flush()
    # -P: whatever lies in the working directory under the name of one of our packages is not to be run.
    program = [sys.executable, "-P", "-c", ENTRY, str(plan.memory)]
    for_people = ["llm-gateway", "serve", "--workers", str(settings.workers)]
    os.execv(sys.executable, [*program, *for_people])  # noqa: S606  # no shell
