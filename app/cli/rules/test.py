"""`llm-gateway rules test`: runs the tests kept with rules, or those of a file, and reports as text, JSON or JUnit."""

import asyncio
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.database import opened
from app.cli.rules.output import colour, print_json
from app.cli.rules.rule_file import FaultyFile, load
from app.common.errors import ResourceNotFound
from app.config import load as load_settings
from app.db.tables.model import ModelRow
from app.repositories.models import ModelRepository
from app.repositories.rule_tests import RuleTestRepository
from app.rules.rule_test import Outcome
from app.services.rule_proof import Case, outcomes_of, reason, stored_cases


class Ran(msgspec.Struct, frozen=True):
    """A test and what came of it."""

    model: str
    test: str
    outcome: Outcome


def test(model: str | None, file: Path | None, junit: Path | None, *, as_json: bool) -> int:
    """Run tests against the rules in the database.

    :param model: only tests of this one.
    :param file: tests to run instead of those in the database.
    :param junit: where to write a report as JUnit XML.
    :returns: 1 where a test fails.
    """
    try:
        found = asyncio.run(_run(model, file))
    except FaultyFile as error:
        print(error, file=sys.stderr)
        return 1
    if junit is not None:
        junit.write_bytes(junit_xml(found))
    failed = sum(not ran.outcome.passed for ran in found)
    if as_json:
        print_json({"passed": len(found) - failed, "failed": failed, "tests": found})
    else:
        for ran in found:
            if ran.outcome.passed:
                print(f"{colour('passed', 'green')}  {ran.model}: {ran.test}")
            else:
                print(f"{colour('FAILED', 'red')}  {ran.model}: {ran.test}\n        {reason(ran.outcome)}")
        print(f"{len(found)} tests, {failed} failed")
    return 1 if failed else 0


async def _run(model: str | None, file: Path | None) -> list[Ran]:
    content = None if file is None else load(file).content
    async with opened(load_settings()) as (database, _), database.read() as session:
        rows = {row.name: row for row in await ModelRepository(session).all_by_name()}
        cases: dict[str, list[tuple[str, Case]]] = {}
        if content is None:
            stored = await RuleTestRepository(session).of_models()
            for name, row in rows.items():
                tests = stored.get(row.id, [])
                cases[name] = list(zip((test.name for test in tests), stored_cases(tests), strict=True))
        else:
            for name, wanted in content.models.items():
                given = [] if wanted.tests is UNSET else wanted.tests
                cases[name] = [(test.name, (test.request, test.expect)) for test in given]
        if model is not None:
            cases = {model: cases.get(model, [])}
        unknown = next((name for name in cases if name not in rows), None)
        if unknown is not None:
            raise ResourceNotFound(f"There is no model `{unknown}`.")
        return [
            ran for name, tests in cases.items() if tests for ran in await _ran(session, rows[name], tests)
        ]


async def _ran(session: AsyncSession, row: ModelRow, tests: list[tuple[str, Case]]) -> list[Ran]:
    outcomes = await outcomes_of(session, row, [case for _, case in tests])
    return [Ran(row.name, name, outcome) for (name, _), outcome in zip(tests, outcomes, strict=True)]


def junit_xml(found: list[Ran]) -> bytes:
    """A report that build servers read: a suite for each model, a case for each test."""
    root = ET.Element("testsuites", name="llm-gateway rules")
    for model in dict.fromkeys(ran.model for ran in found):
        under = [ran for ran in found if ran.model == model]
        failed = sum(not ran.outcome.passed for ran in under)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_xml(model),
            tests=str(len(under)),
            failures=str(failed),
            errors="0",
            skipped="0",
        )
        for ran in under:
            case = ET.SubElement(suite, "testcase", classname=_xml(model), name=_xml(ran.test))
            if not ran.outcome.passed:
                ET.SubElement(case, "failure", message=_xml(ran.outcome.message)).text = _xml(
                    reason(ran.outcome)
                )
    ET.indent(root)
    report: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return report


def _xml(text: str) -> str:
    """Characters that XML has none for (part 2.2) are replaced; the rest is escaped when written."""
    return "".join(
        char
        if char in "\t\n\r" or " " <= char < "\ud800" or "\ue000" <= char not in "\ufffe\uffff"
        else "\ufffd"
        for char in text
    )
