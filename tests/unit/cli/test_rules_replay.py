"""`rules replay`: what people and scripts are shown. The child process is tested through the API."""

import asyncio
import json
from pathlib import Path

import pytest

from app.cli import main
from app.config import PREFIX
from app.db.session import Database
from tests.support.logs import NOW, write
from tests.support.replays import Replayable, logged, replayable

RULE = 'headers.x-priority == "high"'


@pytest.fixture
def made(sqlite_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Replayable:
    """A log of three requests, one of which has a high priority."""
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", sqlite_database_url)

    async def fill() -> Replayable:
        database = Database(sqlite_database_url)
        made = await replayable(database)
        rows = [logged(made, at=NOW + n) for n in range(2)]
        await write(database, [*rows, logged(made, at=NOW + 5, headers=[("x-priority", "high")])])
        await database.aclose()
        return made

    return asyncio.run(fill())


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["rules", "replay", *arguments])
    return code, capsys.readouterr().out


def test_changes_are_shown_with_where_to_and_why(
    capsys: pytest.CaptureFixture[str], made: Replayable
) -> None:
    first, second = made.targets
    code, out = run(capsys, "chat", "--target", f"{first}={RULE}")
    assert code == 0
    assert out.startswith("3 requests of chat, 3 evaluated: 1 as before, 2 changed\n")
    assert f"cheap-chat #{first} -> good-chat #{second}" in out
    assert f"cheap-chat #{first}  candidate for 3 -> 1 (+0 -2)  900 ms (p95 900), first byte 200 ms" in out
    code, out = run(capsys, "chat", "--rule", "exists(body.seed)", "--last", "1")
    assert f"1  cheap-chat #{first} -> none" in out
    assert "1 refused by the model's rule: exists(body.seed)" in out


def test_json_and_a_draft_from_a_file(
    capsys: pytest.CaptureFixture[str], made: Replayable, tmp_path: Path
) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(f"rule: stream\ntargets:\n- {{id: {made.targets[0]}, rule: 'stream'}}\n")
    code, out = run(capsys, "chat", "--file", str(draft), "--rule", "", "--json")
    result = json.loads(out)
    assert (code, result["changed"], result["changes"][0]["count"]) == (0, 3, 3)


def test_what_can_not_be_evaluated_is_named(capsys: pytest.CaptureFixture[str], made: Replayable) -> None:
    _, out = run(capsys, "chat", "--rule", 'last_user_text contains "x"')
    assert "3 could not be evaluated. The log does not have of them:\n  last_user_text (3)" in out


def test_faults_end_with_1(capsys: pytest.CaptureFixture[str], made: Replayable) -> None:
    code, out = run(capsys, "chat", "--rule", "body.temprature > 1", "--target", "99=stream")
    assert code == 1
    assert "/draft/rule: " in out
    assert "/draft/targets/0/id: " in out
    assert main(["rules", "replay", "missing"]) == 1
    for arguments in (["rules", "replay"], ["rules", "replay", "chat", "--target", "x"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
