"""What a linter can't say of the source: sizes, where the database is touched, what must not be written into a file."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400
SUFFIXES = {".py", ".lark"}
REGISTRY_HOSTS = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org")
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(?:root|work|home/[a-z]+|Users/\w+)/")


def files() -> list[Path]:
    """Files of the project, as git sees them: tracked, or new and not ignored."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def sources(folder: str = "app") -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text("utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    """The last part of what is called: `session.commit()` -> `.commit`, `select()` -> `select`."""
    if isinstance(call.func, ast.Attribute):
        return f".{call.func.attr}"
    return call.func.id if isinstance(call.func, ast.Name) else ""


def places(name: str, *allowed: str) -> list[str]:
    """Where `app` calls `name`, outside of the allowed files and folders."""
    return [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sources()
        if not any(path.is_relative_to(ROOT / place) for place in allowed)
        for call in calls(path)
        if name_of(call) == name
    ]


@pytest.mark.parametrize("folder", ["app", "rules_grammar", "migrations", "tests"])
def test_no_file_is_long(folder: str) -> None:
    paths = [path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in paths}
    assert paths
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_one_place_commits() -> None:
    # The schema changes before there are sessions, in a transaction of its own.
    assert places(".commit", "app/db/session.py", "app/services/migrations.py") == []


def test_selects_live_in_repositories() -> None:
    assert places("select", "app/repositories") == []


def test_modules_begin_with_a_docstring() -> None:
    texts = {path: path.read_text("utf-8") for path in [*sources(), *sources("rules_grammar")]}
    silent = [
        str(path.relative_to(ROOT))
        for path, text in texts.items()
        if text and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


def test_silenced_checks_give_a_reason() -> None:
    silenced = re.compile(r"#\s*(?:noqa|type:\s*ignore)[^#\n]*$", re.MULTILINE)
    bare = [
        f"{path.relative_to(ROOT)}: {match[0].strip()}"
        for folder in ("app", "rules_grammar", "migrations", "tests")
        for path in sources(folder)
        for match in silenced.finditer(path.read_text("utf-8"))
        if path != Path(__file__)
    ]
    assert bare == []


def test_no_registry_host_and_no_path_of_a_machine() -> None:
    found = []
    for path in files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in REGISTRY_HOSTS.finditer(text)]
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in MACHINE_PATHS.finditer(text)]
    assert found == []
