"""`llm-gateway rules explain`: what becomes of a request in a file, over a database."""

import asyncio
import json
from pathlib import Path

import pytest

from app.api.admin.schemas.target import TargetUpdate
from app.cli import main
from app.common.secrets import Keyring
from app.db.session import Database
from app.services.targets import Targets
from tests.support.configuration import ACTOR, Configuration
from tests.support.gateway import environment

MODEL = "gpt-4o-mini"
RULES = ['headers.x-priority == "high" and body.temperature <= 0.5', "body.n > 3"]
REQUEST = "headers: {x-priority: high}\nbody: {model: gpt-4o-mini, temperature: 0.4, n: '7'}\n"


@pytest.fixture
def targets(
    sqlite_database_url: str, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[int]:
    """A model with a target for each of the rules, and `request.yaml` beside."""
    monkeypatch.chdir(tmp_path)
    Path("request.yaml").write_text(REQUEST)
    for name, value in environment(tmp_path, DATABASE_URL=sqlite_database_url).items():
        monkeypatch.setenv(name, value)
    assert main(["migrate"]) == 0

    async def fill() -> list[int]:
        database = Database(sqlite_database_url)
        try:
            async with database.transaction() as session:
                configuration = Configuration(session, keyring)
                one, two = await configuration.provider("one"), await configuration.provider("two")
                _, stored = await configuration.model(MODEL, one, two)
                numbers = [target.id for target, _ in stored]
                for number, rule in zip(numbers, RULES, strict=True):
                    await Targets(session, ACTOR).update(MODEL, number, TargetUpdate(rule=rule))
                return numbers
        finally:
            await database.aclose()

    return asyncio.run(fill())


def test_a_decision_for_reading(targets: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["rules", "explain", "--request", "request.yaml"]) == 0

    assert capsys.readouterr().out.splitlines()[1:] == [
        "",
        f"one #{targets[0]} takes it",
        f"  + {RULES[0]}",
        '    + headers.x-priority == "high"',
        '      = headers.x-priority = "high"',
        "    + body.temperature <= 0.5",
        "      = body.temperature = 0.4",
        "",
        f"two #{targets[1]} does not take it (rule)",
        "  - body.n > 3 (of another type)",
        '    = body.n = "7"',
        "",
        f"tried: one #{targets[0]}",
    ]


def test_a_draft_that_nobody_takes(targets: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    arguments = ["--target", f"{targets[0]}=stream", "--rule", "not has_images"]
    assert main(["rules", "explain", "--request", "request.yaml", *arguments]) == 1
    out = capsys.readouterr().out
    assert "the model's rule\n  + not has_images" in out
    assert "No target takes it" in out


def test_a_decision_for_machines(targets: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["rules", "explain", "--request", "request.yaml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [target["is_candidate"] for target in found["targets"]] == [True, False]


def test_faults_end_with_a_line(targets: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["rules", "explain", "--request", "request.yaml", "--rule", "body.temprature > 1"]) == 1
    assert "body.temprature" in capsys.readouterr().err
    assert main(["rules", "explain", "nothing", "--request", "request.yaml"]) == 1
    assert main(["rules", "explain", "--request", "none.yaml"]) == 1
    Path("request.yaml").write_text("heders: {}\n")
    assert main(["rules", "explain", "--request", "request.yaml"]) == 2
    Path("request.yaml").write_text("body: [\n")
    assert main(["rules", "explain", "--request", "request.yaml"]) == 2
