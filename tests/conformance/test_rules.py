"""Every case of `rules_grammar/conformance`, on the compiled rule and on the reference evaluation."""

from importlib.resources import files
from typing import Any

import msgspec
import pytest

from app.rules.check import check as check_tree
from app.rules.diagnostics import Diagnostic, RuleError, Severity
from app.rules.engine import check, predicate
from app.rules.evaluate import Evaluation
from app.rules.parser import parse
from tests.unit.rules.builders import LISTS, facts

_FILES = sorted(
    (entry for entry in (files("rules_grammar") / "conformance").iterdir() if entry.name.endswith(".json")),
    key=lambda entry: entry.name,
)
_CASES: dict[str, dict[str, Any]] = {
    f"{entry.name.removesuffix('.json')}-{number}": case
    for entry in _FILES
    for number, case in enumerate(msgspec.json.decode(entry.read_bytes()), 1)
}
_WITH_FIX = {
    name: case for name, case in _CASES.items() if any("fix" in item for item in case.get("errors", ()))
}


def _shown(rule: str, diagnostic: Diagnostic) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "code": diagnostic.code.value,
        "span": list(diagnostic.span),
        "message": diagnostic.message,
    }
    if diagnostic.suggestion is not None:
        shown["suggestion"] = diagnostic.suggestion
    if diagnostic.edit is not None:
        start, end = diagnostic.edit.span
        shown["fix"] = rule[:start] + diagnostic.edit.text + rule[end:]
    return shown


@pytest.mark.parametrize("case", _CASES.values(), ids=_CASES.keys())
def test_case(case: dict[str, Any]) -> None:
    rule = case["rule"]
    found = check(rule, LISTS)

    assert [_shown(rule, item) for item in found] == case.get("errors", case.get("warnings", []))
    assert {item.severity for item in found} <= {Severity.ERROR if "errors" in case else Severity.WARNING}
    if "errors" in case:
        with pytest.raises(RuleError):
            predicate(rule, LISTS)
        return
    request = facts(**case.get("request", {}))
    assert predicate(rule, LISTS)(request) is case["value"]
    root = check_tree(parse(rule), LISTS).root
    assert root is None or Evaluation(request, LISTS).passes(root) is case["value"]


def test_the_specification_is_complete() -> None:
    """30 accepted and 30 rejected rules, and at least 400 others."""
    specification = [case for name, case in _CASES.items() if name.startswith("specification-")]

    assert len(specification) == 60
    assert sum("errors" in case for case in specification) == 30
    assert len({(case["rule"], str(case.get("request"))) for case in _CASES.values()}) >= 60 + 400


@pytest.mark.parametrize("case", _WITH_FIX.values(), ids=_WITH_FIX.keys())
def test_a_fix_removes_its_fault(case: dict[str, Any]) -> None:
    for error in case["errors"]:
        if "fix" in error:
            after = check(error["fix"], LISTS)
            same = [item for item in after if item.code == error["code"]]
            assert len(same) < sum(item["code"] == error["code"] for item in case["errors"])
