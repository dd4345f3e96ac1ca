"""`llm-gateway rules analyse`: over a database, as an administrator or a build server would run it."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from app.api.admin.schemas.target import TargetUpdate
from app.cli import main
from app.common.secrets import Keyring
from app.db.session import Database
from app.domain.sample import Sample
from app.services.targets import Targets
from tests.support.configuration import ACTOR, Configuration
from tests.support.gateway import environment

MODEL = "gpt-4o-mini"
RULES = ["body.n > 3", 'body.user matches "^a" and body.user matches "^b"']


@pytest.fixture
def targets(
    sqlite_database_url: str, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[int]:
    """A model with a target for each of the rules; the command finds the database in its environment."""
    monkeypatch.chdir(tmp_path)
    for name, value in environment(tmp_path, DATABASE_URL=sqlite_database_url).items():
        monkeypatch.setenv(name, value)
    assert main(["migrate"]) == 0

    async def fill() -> list[int]:
        database = Database(sqlite_database_url)
        try:
            async with database.transaction() as session:
                configuration = Configuration(session, keyring)
                provider = await configuration.provider("one")
                _, stored = await configuration.model(MODEL, provider, provider)
                numbers = [target.id for target, _ in stored]
                for number, rule in zip(numbers, RULES, strict=True):
                    await Targets(session, ACTOR).update(MODEL, number, TargetUpdate(rule=rule))
                return numbers
        finally:
            await database.aclose()

    return asyncio.run(fill())


def test_findings_for_reading(targets: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["rules", "analyse", MODEL]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"warning: never_true (not proven) the rule of target {targets[1]} (one)")
    assert lines[1] == f"  rule: {RULES[1]}"
    assert lines[2].startswith("warning: gap no target takes some requests")
    prefix, _, example = lines[3].partition(": ")
    assert prefix == "  example"
    assert msgspec.json.decode(example, type=Sample).body == {"model": MODEL}


def test_findings_for_machines(targets: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["rules", "analyse", MODEL, "--json"]) == 1

    made = json.loads(capsys.readouterr().out)
    assert [finding["code"] for finding in made["findings"]] == ["never_true", "gap"]
    assert made["findings"][0]["target_id"] == targets[1]


def test_a_draft_that_mends_it(targets: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["rules", "analyse", MODEL, "--target", f"{targets[1]}=not (body.n > 3)"]) == 0

    assert capsys.readouterr().out == "Nothing to remark.\n"


def test_a_model_there_is_not(targets: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["rules", "analyse", "unknown"]) != 0

    assert "There is no such model" in capsys.readouterr().err
