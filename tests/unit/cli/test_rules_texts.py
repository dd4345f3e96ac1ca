"""`rules format` and `rules convert`."""

import json
from pathlib import Path

import pytest

from app.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["rules", *arguments])
    return code, *capsys.readouterr()


def test_a_rule_is_formatted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "format", "stream&&!has_tools") == (0, "stream and not has_tools\n", "")
    code, out, _ = run(capsys, "format", "--check", "stream&&!has_tools")
    assert code == 1
    assert out.splitlines()[-2:] == ["-stream&&!has_tools", "+stream and not has_tools"]
    assert run(capsys, "format", "--check", "stream") == (0, "", "")


def test_files_are_written_only_where_they_change(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    first, second, bad = tmp_path / "first.rule", tmp_path / "second.rule", tmp_path / "bad.rule"
    first.write_text("stream&&has_tools")
    second.write_text("stream\n")
    bad.write_text("stream and")
    before = second.stat().st_mtime_ns
    code, out, problems = run(capsys, "format", "--write", str(first), str(second), str(bad))
    assert (code, out) == (1, "")
    assert f"formatted {first}\n" in problems
    assert f"{bad}:1:11: error: RULE_UNEXPECTED_END" in problems
    assert first.read_text() == "stream and has_tools\n"
    assert second.stat().st_mtime_ns == before
    assert bad.read_text() == "stream and"


def test_formatting_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "format", "--json", "stream  and stream")
    assert code == 0
    assert json.loads(out) == [
        {"file": None, "text": "stream and stream", "changed": True, "diagnostics": []}
    ]


def test_check_and_write_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["rules", "format", "--check", "--write", str(tmp_path / "a")])
    assert caught.value.code == 2


def test_rules_are_converted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text(
        json.dumps(
            [
                {"name": "one", "cel_expression": 'headers["x"] == "a"', "targets": [{"provider": "openai"}]},
                {"name": "two\x1b[31m", "cel_expression": "budget_used > 80"},
                {"name": "three", "cel_expression": ""},
            ]
        )
    )
    code, out, problems = run(capsys, "convert", "--from", "bifrost", str(path))
    assert code == 0
    assert out == '# one -> openai\nheaders.x == "a"\n\n# three\n# passes always\n\n'
    assert "note: /1/cel_expression: budget_used: " in problems
    assert "\x1b" not in problems
    code, out, _ = run(capsys, "convert", "--from", "bifrost", "--json", str(path))
    assert [rule["name"] for rule in json.loads(out)["rules"]] == ["one", "three"]


def test_a_rule_becomes_json_where_it_can(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.rule"
    path.write_text('model == "a"\n')
    code, out, _ = run(capsys, "convert", "--from", "text", str(path))
    assert code == 0
    assert json.loads(out) == {"rules": [{"field": "model", "operator": "eq", "value": "a"}], "logic": "AND"}
    path.write_text("len(model) > 1")
    code, out, problems = run(capsys, "convert", "--from", "text", str(path))
    assert (code, out) == (1, "")
    assert "expression only" in problems
    assert "`len(model) > 1`" in problems
