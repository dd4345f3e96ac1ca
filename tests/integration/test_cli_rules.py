"""`llm-gateway rules test`, `export` and `import`: over a database, as a build server would run them."""

import asyncio
import json
import xml.etree.ElementTree as ET
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.named_list import NamedListCreate
from app.api.admin.schemas.rule_test import RuleTestCreate
from app.api.admin.schemas.target import TargetUpdate
from app.cli import main
from app.cli.rules.rule_file import RuleFile
from app.cli.rules.test import Ran, junit_xml
from app.cli.rules.transfer import stored
from app.common.secrets import Keyring
from app.db.session import Database
from app.domain.sample import Sample, SampleKey
from app.repositories.revisions import RevisionRepository
from app.rules.rule_test import Expect, Outcome
from app.services.named_lists import NamedLists
from app.services.rule_tests import RuleTests
from app.services.targets import Targets
from tests.support.configuration import ACTOR, Configuration
from tests.support.gateway import environment

T = TypeVar("T")
NAME = "meta-llama/Llama-3"
HIGH = 'headers.x-priority == "high"  # urgent\n  and stream'
HOSTILE = "a <b> & \"c\" ]]> 'd' \u20ac"


class Result(msgspec.Struct, frozen=True):
    code: int
    out: str
    err: str


Cli = Callable[..., Result]


@pytest.fixture
def cli(
    sqlite_database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Cli:
    """Runs `llm-gateway rules` with arguments on the database of the test, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name, value in environment(tmp_path, DATABASE_URL=sqlite_database_url).items():
        monkeypatch.setenv(name, value)

    def cli(*arguments: str) -> Result:
        code = main(["rules", *arguments])
        return Result(code, *capsys.readouterr())

    return cli


def on(url: str, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """The result of some work on the database, committed."""

    async def run() -> T:
        database = Database(url)
        try:
            async with database.transaction() as session:
                return await work(session)
        finally:
            await database.aclose()

    return asyncio.run(run())


@pytest.fixture
def filled(cli: Cli, sqlite_database_url: str, keyring: Keyring) -> str:
    """The URL of a database with a list, and a model with three targets, two of them at one provider, and tests."""

    async def fill(session: AsyncSession) -> None:
        await NamedLists(session, ACTOR).create(NamedListCreate(name="keys", entries=["vip", "yes", "0x1"]))
        configuration = Configuration(session, keyring)
        one, two = await configuration.provider("one"), await configuration.provider("two")
        _, targets = await configuration.model(NAME, one, two, one, rule="not has_images")
        service = Targets(session, ACTOR)
        await service.update(NAME, targets[0][0].id, TargetUpdate(rule=HIGH))
        await service.update(NAME, targets[1][0].id, TargetUpdate(rule="api_key.name in $keys"))
        sample = Sample(headers={"X-Priority": "high"}, body={"stream": True}, api_key=SampleKey(1, "vip"))
        tests = RuleTests(session, ACTOR)
        await tests.create(
            NAME,
            RuleTestCreate(name="urgent", request=sample, expect=Expect(candidates=("one", "two", "one"))),
        )
        quiet = RuleTestCreate(name=HOSTILE, request=Sample(), expect=Expect(excludes=("two",)))
        await tests.create(NAME, quiet)

    assert cli("test").code == 0
    on(sqlite_database_url, fill)
    return sqlite_database_url


def changed(text: str, old: str, new: str) -> Path:
    """A file with an exported text, one piece of it changed."""
    assert text.count(old) == 1, (old, text)
    path = Path("rules.yaml")
    path.write_text(text.replace(old, new))
    return path


def test_export_and_import_change_nothing(cli: Cli, filled: str) -> None:
    before = on(filled, stored)
    revision = on(filled, lambda session: RevisionRepository(session).latest())
    exported = cli("export")
    Path("rules.yaml").write_text(exported.out)
    assert 'headers.x-priority == "high"  # urgent\n' in exported.out
    assert cli("import", "rules.yaml") == Result(0, "Nothing changes.\n", "")
    assert on(filled, stored) == before
    assert on(filled, lambda session: RevisionRepository(session).latest()) == revision


def test_an_import_says_what_it_changes(cli: Cli, filled: str) -> None:
    text = cli("export").out.replace("  - yes\n", "").replace("'yes'", "maybe")
    path = changed(text, "rule: not has_images", "rule: not has_tools")
    path.write_text(path.read_text().replace("name: urgent", "name: very urgent"))
    expected = [
        "list `keys`: 1 entries added, 1 removed",
        f"model `{NAME}`: rule changed",
        "  - not has_images",
        "  + not has_tools",
        f"model `{NAME}`, test `very urgent`: made",
        f"model `{NAME}`, test `urgent`: removed",
    ]
    before = on(filled, stored)
    dry = cli("import", str(path), "--dry-run")
    assert (dry.code, dry.out.splitlines()) == (0, expected)
    assert on(filled, stored) == before
    done = cli("import", str(path))
    assert (done.code, done.out) == (0, dry.out)
    after: RuleFile = on(filled, stored)
    assert after.models[NAME].rule == "not has_tools"
    assert after.lists["keys"].entries == ["vip", "maybe", "0x1"]
    assert json.loads(cli("import", str(path), "--json").out) == []


def test_an_import_that_fails_a_test_changes_nothing(cli: Cli, filled: str) -> None:
    before = on(filled, stored)
    path = changed(cli("export").out, "rule: not has_images", "rule: has_images")
    path.write_text(path.read_text().replace("- vip", "- nobody"))
    refused = cli("import", str(path))
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(
        f"rules.yaml:{line(path, 'urgent')}: /models/meta-llama~1Llama-3/tests/0: test_failed: Test `urgent`"
    )
    assert "Refused: the model by `has_images`" in refused.err
    assert on(filled, stored) == before


def line(path: Path, name: str) -> int:
    return next(
        number for number, row in enumerate(path.read_text().split("\n"), 1) if f"name: {name}" in row
    )


def test_faults_of_a_file_have_lines(cli: Cli, filled: str) -> None:
    path = Path("rules.yaml")
    path.write_text(
        "lists:\n"
        "  more:\n"
        "    entries: [a]\n"
        "models:\n"
        f"  {NAME}:\n"
        "    rule: api_key.name in $mor\n"
        "    targets:\n"
        "    - {provider: one, target_model: one, rule: body.temprature > 1}\n"
        "    - {provider: one, target_model: other, rule: stream}\n"
        "    tests:\n"
        "    - name: t\n"
        "      request: {}\n"
        "      expect: {}\n"
        "  unknown: {}\n"
    )
    refused = cli("import", str(path))
    assert refused.code == 1
    found = [row.split(": ", 3) for row in refused.err.splitlines()]
    assert [(place, code) for place, _, code, _ in found] == [
        ("rules.yaml:6", "RULE_UNKNOWN_LIST"),
        ("rules.yaml:8", "RULE_UNKNOWN_FIELD"),
        ("rules.yaml:9", "unknown_target"),
        ("rules.yaml:13", "nothing_expected"),
        ("rules.yaml:14", "unknown_model"),
    ]
    assert "did you mean `$more`?" in refused.err
    assert list(on(filled, stored).lists) == ["keys"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: {m: {rule: 1}}", "rules.yaml:1: /models/m/rule: wrong_type"),
        ("lists:\n  2fast: {}\nmodels:\n  m: {rul: x}", "rules.yaml:2: /lists/2fast: "),
        ("models:\n  m: {rul: x}", "rules.yaml:2: /models/m/rul: unknown_field"),
        ("grammar: 2", "rules.yaml:1: /grammar: out_of_range"),
        ("a: &x 1", "rules.yaml: line 1: anchors"),
        ("[]", "rules.yaml:1: /: wrong_type"),
    ],
)
def test_files_of_another_shape(cli: Cli, text: str, said: str) -> None:
    Path("rules.yaml").write_text(text)
    for command in (["import", "rules.yaml"], ["test", "--file", "rules.yaml"]):
        result = cli(*command)
        assert (result.code, result.err[: len(said)]) == (1, said)
    assert cli("import", "none.yaml").code == 1


def test_tests_are_run_and_reported(cli: Cli, filled: str) -> None:
    report = Path("report.xml")
    result = cli("test", "--junit", str(report))
    assert (result.code, result.out.splitlines()) == (
        0,
        [f"passed  {NAME}: urgent", f"passed  {NAME}: {HOSTILE}", "2 tests, 0 failed"],
    )
    root = ET.parse(report).getroot()
    assert [(case.get("classname"), case.get("name")) for case in root.iter("testcase")] == [
        (NAME, "urgent"),
        (NAME, HOSTILE),
    ]
    path = changed(cli("export").out, "    - one\n        - two\n", "    - two\n        - one\n")
    result = cli("test", "--file", str(path), "--model", NAME, "--junit", str(report))
    assert result.code == 1
    assert result.out.splitlines()[0] == f"FAILED  {NAME}: urgent"
    assert result.out.splitlines()[-1] == "2 tests, 1 failed"
    suite = ET.parse(report).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = next(suite.iter("failure"))
    assert (failure.get("message") or "").startswith("expected `two`, `one`, `one` to take it")
    found = json.loads(cli("test", "--file", str(path), "--json").out)
    assert (found["passed"], found["failed"]) == (1, 1)
    unknown = cli("test", "--model", "none")
    assert (unknown.code, unknown.err) == (1, "llm-gateway: There is no model `none`.\n")
    assert filled


def test_a_report_holds_any_text() -> None:
    text = "".join(map(chr, [0, 7, 9, 10, 13, 27, 0x7F, 0x85, 0xD800, 0xFFFE, 0x1F600])) + "<&>\"']]>"
    root = ET.fromstring(junit_xml([Ran(text, text, Outcome(False, (), (), (), text))]))
    case = next(root.iter("testcase"))
    assert "<&>\"']]>" in (case.get("name") or "")
    assert "\U0001f600" in (case.get("name") or "")
