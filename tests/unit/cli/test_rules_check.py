"""`rules check` and what all rule commands print with."""

import json
from pathlib import Path

import pytest

from app.cli import main
from app.cli.rules.output import colour


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["rules", "check", *arguments])
    return code, capsys.readouterr().out


def test_several_files_with_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    good, bad = tmp_path / "good.rule", tmp_path / "bad.rule"
    good.write_text("stream\n")
    bad.write_text("stream\n  and modl == 1\n")
    code, out = run(capsys, "--file", str(good), str(bad))
    assert code == 1
    assert out.startswith(f"{bad}:2:7: error: RULE_UNKNOWN_FIELD 2:7-11\n    and modl == 1\n        ^^^^\n")
    assert run(capsys, "--file", str(good), str(good)) == (0, "All 2 rules are in order.\n")


def test_json_for_machines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.rule"
    path.write_text('model = "x"')
    code, out = run(capsys, "--json", "--file", str(path))
    (found,) = json.loads(out)
    assert code == 1
    assert (found["file"], found["valid"]) == (str(path), False)
    (fault,) = found["diagnostics"]
    assert (fault["code"], fault["span"]) == ("RULE_FOREIGN_SPELLING", [6, 7])
    assert fault["edit"] == {"span": [6, 7], "text": "=="}
    code, out = run(capsys, "--json", "stream")
    assert (code, json.loads(out)) == (0, [{"file": None, "valid": True, "diagnostics": []}])


def test_named_lists_are_known_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "api_key.name in $vip")[0] == 1
    assert run(capsys, "api_key.name in $vip and model in $all", "--list", "vip", "--list", "$all")[0] == 0


def test_filters_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "status >= 500")[0] == 1
    assert run(capsys, "--logs", "status >= 500")[0] == 0


def test_nothing_to_read_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(capsys, "--file", str(tmp_path / "none"))[0] == 1


@pytest.mark.parametrize(
    ("terminal", "environment", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals(terminal: bool, environment: dict[str, str], coloured: bool) -> None:
    shown = colour("x", "red", terminal=terminal, environment={"TERM": "xterm", **environment})
    assert shown == ("\x1b[31mx\x1b[0m" if coloured else "x")
