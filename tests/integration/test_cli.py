"""The commands that end by themselves: output, exit codes, errors of one line. `test_serve.py` has the others."""

import io
import json
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from app import __version__
from app.cli import main
from app.config import PREFIX, Settings
from tests.support.gateway import command, environment

KEY = re.compile(r"gwk_[0-9A-Za-z]{38}\n")
OTHER_KEY = "another-encryption-key-" + "1" * 32


class Result(msgspec.Struct, frozen=True):
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, in a folder of its own; keywords are settings."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.__struct_fields__:
        for key in (name.upper(), PREFIX + name.upper()):
            monkeypatch.delenv(key, raising=False)

    def run(*arguments: str, stdin: str = "", **settings: object) -> Result:
        with monkeypatch.context() as patch:
            for name, value in environment(tmp_path, **settings).items():
                patch.setenv(name, value)
            patch.setattr("sys.stdin", io.StringIO(stdin))
            try:
                code = main(arguments)
            except SystemExit as error:  # argparse
                code = int(error.code or 0)
        return Result(code, *capsys.readouterr())

    return run


def doctor(run: Run, **settings: object) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and verdict and message by subject."""
    result = run("doctor", "--json", **settings)
    findings = json.loads(result.out)
    return result.code, {item["subject"]: (item["verdict"], item["message"]) for item in findings}


def test_version_and_help(run: Run) -> None:
    assert run("--version").out == f"llm-gateway {__version__}\n"
    assert "mock-upstream" in run("--help").out


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys, contextlib, app.cli\n"
        "with contextlib.suppress(SystemExit): app.cli.main(['--help'])\n"
        "print([m for m in ('litestar', 'sqlalchemy', 'msgspec', 'uvicorn', 'asyncio') if m in sys.modules])"
    )
    program = [command()[0], "-c", script]
    result = subprocess.run(program, env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [[], ["serve", "--port", "70000"], ["keys", "create"], ["keys", "create", "--expires-days", "0"]],
)
def test_mistyped_arguments(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).code == 2


@pytest.mark.parametrize("arguments", [["migrate"], ["keys", "create", "--name", "x"]])
def test_unusable_settings_are_one_line(run: Run, arguments: list[str]) -> None:
    result = run(*arguments, ADMIN_TOKEN="too-short-a-secret")
    assert result == Result(78, "", "llm-gateway: ADMIN_TOKEN: expected at least 32 characters\n")


def test_migrate_twice(run: Run) -> None:
    assert run("migrate").out == "The database has been brought up to date.\n"
    assert run("migrate").out == "The database is up to date.\n"


def test_database_out_of_reach(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = run("migrate", DATABASE_URL=f"postgresql://u:s3cret@127.0.0.1:{port}/x")
    assert result.code == 69
    assert result.err.startswith("llm-gateway: The database does not answer")
    assert "s3cret" not in result.err


def test_keys_create_prints_the_value_alone(run: Run) -> None:
    first = run("keys", "create", "--name", "ci", "--expires-days", "2")
    second = run("keys", "create", "--name", "ci")
    assert first.code == second.code == 0
    assert KEY.fullmatch(first.out)
    assert KEY.fullmatch(second.out)
    assert first.out != second.out


@pytest.mark.parametrize(("name", "models", "code"), [("", "", 2), ("ci", "no-such-model", 1)])
def test_keys_create_refuses(run: Run, name: str, models: str, code: int) -> None:
    result = run("keys", "create", "--name", name, "--models", models)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("llm-gateway: ")


def test_rules_check(run: Run) -> None:
    good = run("rules", "check", 'headers.x-priority == "high" and body.temperature <= 0.5')
    assert (good.code, good.out) == (0, "The rule is in order.\n")
    bad = run("rules", "check", 'headers.x-priority = "high"')
    assert bad.code == 1
    assert "==" in bad.out
    assert re.search(r"^ +\^+$", bad.out, re.MULTILINE)


def test_rules_check_warns_without_failing(run: Run) -> None:
    result = run("rules", "check", 'headers.x-missing != "1"')
    assert result.code == 0
    assert result.out.startswith("warning: ")


def test_rules_check_reads_a_file_or_standard_input(run: Run) -> None:
    Path("rule.txt").write_text("stream\n")
    assert run("rules", "check", "--file", "rule.txt").code == 0
    assert run("rules", "check", stdin="stream ==\n").code == 1
    missing = run("rules", "check", "--file", "none.txt")
    assert (missing.code, missing.err) == (1, "llm-gateway: No such file or directory: none.txt\n")


def test_export_openapi_does_not_depend_on_settings(run: Run) -> None:
    printed = run("export-openapi")
    assert json.loads(printed.out)["openapi"].startswith("3.1")
    assert run("export-openapi", "--output", "api.json", APP_NAME="Other").code == 0
    assert Path("api.json").read_text() == printed.out


def test_doctor_before_the_first_start_changes_nothing(run: Run, tmp_path: Path) -> None:
    code, found = doctor(run)
    assert code == 0
    assert found["database"] == ("ok", "none yet; `serve` makes it")
    assert list(tmp_path.iterdir()) == []


def test_doctor_after_it(run: Run) -> None:
    run("migrate")
    _, found = doctor(run)
    assert found["encryption key"] == ("ok", "none yet; `serve` makes it")
    run("keys", "create", "--name", "x")
    code, found = doctor(run)
    assert code == 0
    assert {verdict for verdict, _ in found.values()} == {"ok"}
    assert found["administrator"] == ("ok", "there is one")
    assert found["database"] == ("ok", "answers, and its schema is up to date")


def test_doctor_names_what_is_wrong(run: Run) -> None:
    run("keys", "create", "--name", "x")
    code, found = doctor(run, ENCRYPTION_KEY=OTHER_KEY, ADMIN_TOKEN="", HOST="0.0.0.0", LLM_GATEWAY_PROT=1)
    assert code == 1
    assert found["settings"] == ("warning", "LLM_GATEWAY_PROT is no setting; did you mean LLM_GATEWAY_PORT?")
    assert found["encryption key"] == ("failed", "is not the one the database was set up with")
    assert found["administrator"][0] == "warning"
    code, found = doctor(run, PORT="many")
    assert (code, found["settings"][0]) == (1, "failed")


def test_doctor_counts_open_files(run: Run) -> None:
    _, found = doctor(run, MAX_CONCURRENT_REQUESTS=1)
    assert found["open files"][0] == "ok"
    code, found = doctor(run, MAX_CONCURRENT_REQUESTS=50_000_000)
    verdict, message = found["open files"]
    assert (code, verdict) == (0, "warning")
    assert "raise the hard limit to 100000000" in message


def test_doctor_without_a_database_server(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    code, found = doctor(run, DATABASE_URL=f"postgresql://u:s3cret@127.0.0.1:{port}/x")
    assert code == 1
    assert found["database"][0] == "failed"
    assert "s3cret" not in found["database"][1]


def test_doctor_prints_a_table(run: Run) -> None:
    result = run("doctor")
    assert result.out.splitlines()[0].split() == ["ok", "settings", "all", "known,", "all", "usable"]
