"""Rule files: whatever the database can hold comes back as it was."""

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cli.rules.rule_changes import between, shown
from app.cli.rules.rule_file import (
    FaultyFile,
    FileList,
    FileModel,
    FileTarget,
    FileTest,
    RuleFile,
    dump,
    load,
)
from app.domain.sample import Sample, SampleKey
from app.rules.rule_test import Expect

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
NAMES = st.from_regex(r"[!-~]([ -~]{0,8}[!-~])?", fullmatch=True)
MODELS = st.from_regex(r"[!-~]{1,12}", fullmatch=True).filter(lambda name: name not in (".", ".."))
LISTS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}(-[a-z0-9]{1,3})?", fullmatch=True)
SCALARS: st.SearchStrategy[Any] = (
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
VALUES = st.recursive(
    st.none() | SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
SAMPLES = st.builds(
    Sample,
    endpoint=st.just("responses"),
    headers=st.dictionaries(NAMES, TEXTS | st.lists(TEXTS, max_size=3).map(tuple), max_size=3),
    body=st.dictionaries(TEXTS, VALUES, max_size=3),
    api_key=st.none()
    | st.builds(
        SampleKey,
        id=st.integers(0, 9),
        name=TEXTS,
        tags=st.lists(TEXTS, max_size=2).map(tuple),
        metadata=st.dictionaries(TEXTS, SCALARS, max_size=2),
    ),
    client_ip=st.none() | TEXTS,
    at=st.none() | st.datetimes(timezones=st.just(UTC)),
    input_tokens=st.none() | st.integers(0, 10**6),
)
TARGETS = st.lists(NAMES, max_size=2).map(tuple)
TESTS = st.builds(
    FileTest,
    name=NAMES,
    request=SAMPLES,
    expect=st.builds(Expect, candidates=st.none() | TARGETS, includes=TARGETS, excludes=TARGETS),
)
FILES = st.builds(
    RuleFile,
    lists=st.dictionaries(
        LISTS, st.builds(FileList, entries=st.lists(TEXTS, max_size=4), notes=st.just("") | TEXTS), max_size=2
    ),
    models=st.dictionaries(
        MODELS,
        st.builds(
            FileModel,
            rule=st.just("") | TEXTS,
            targets=st.lists(
                st.builds(FileTarget, provider=NAMES, target_model=NAMES, rule=TEXTS), max_size=2
            ),
            tests=st.lists(TESTS, max_size=2, unique_by=lambda test: test.name),
        ),
        max_size=2,
    ),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(FILES)
def test_a_file_is_read_as_it_was_written(tmp_path: Path, content: RuleFile) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(dump(content), "utf-8")
    assert load(path).content == content
    assert between(content, load(path).content) == []


def test_what_differs() -> None:
    def file(**fields: Any) -> RuleFile:
        test = FileTest(name="t", request=Sample(), expect=Expect(candidates=()))
        model: dict[str, Any] = {
            "rule": "",
            "targets": [FileTarget(provider="p", target_model="x", rule="stream")],
            "tests": [test],
        }
        return RuleFile(lists=fields.pop("lists", {}), models={"m": FileModel(**{**model, **fields})})

    other = FileTest(name="t", request=Sample(), expect=Expect(candidates=("p",)))
    listed = {"l": FileList(entries=["a", "b"])}
    for before, after, lines in (
        (
            file(),
            file(rule="stream\nand has_tools"),
            ["rule changed", "- (passes always)", "+ stream", "+ and has_tools"],
        ),
        (
            file(),
            file(targets=[FileTarget(provider="p", target_model="x", rule="")]),
            ["target `p/x`: rule changed", "- stream", "+ (passes always)"],
        ),
        (file(), file(tests=[other]), ["test `t`: changed"]),
        (file(tests=[]), file(), ["test `t`: made"]),
        (file(), file(tests=[]), ["test `t`: removed"]),
        (file(), file(lists=listed), ["list `l`: made, with 2 entries"]),
        (file(lists=listed), file(lists={"l": FileList(entries=["b", "a"])}), ["put in another order"]),
        (file(lists=listed), file(lists={"l": FileList(entries=["b", "c"])}), ["1 entries added, 1 removed"]),
        (file(lists=listed), file(lists={"l": FileList(entries=["a", "b"], notes="n")}), ["notes changed"]),
    ):
        found = "\n".join(map(shown, between(before, after))).split("\n")
        assert len(found) == len(lines)
        assert all(line.endswith(end) for line, end in zip(found, lines, strict=True)), found


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(
        b"lists:\n  a: {entries: [1]}\n  b: {entries: {}}\nmodels:\n  m:\n    tests: [{name: t}]\n"
    )
    with pytest.raises(FaultyFile) as caught:
        load(path)
    assert [line.removeprefix(f"{path}:").split(": ")[:2] for line in str(caught.value).split("\n")] == [
        ["2", "/lists/a/entries/0"],
        ["3", "/lists/b/entries"],
        ["6", "/models/m/tests/0/request"],
    ]
    path.write_bytes(b"\xff")
    with pytest.raises(FaultyFile, match="not UTF-8"):
        load(path)
