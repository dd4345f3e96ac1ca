"""The cases of the dashboard's builder are rules of the corpus, drawn as they are now."""

import json

import pytest

from tests.unit.rules.builder_cases import FILE, drawn


@pytest.mark.skipif(not FILE.exists(), reason="the sources of the dashboard are not here")
def test_that_the_cases_are_fresh() -> None:
    cases = json.loads(FILE.read_text())

    assert len(cases) >= 50
    stale = [case["text"] for case in cases if drawn(case["text"]) != case]
    assert not stale, "run `python -m tests.unit.rules.builder_cases`"
