"""When the compiled hot path takes the place of its sources, and what may be compiled at all."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import compiled

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [ROOT / f"{name.replace('.', '/')}.py" for name in compiled.MODULES]
WORDS_OF_C = {
    "_asm",
    "_const",
    "_float128",
    "_inline",
    "_int128",
    "_label",
    "_restrict",
    "_signed",
    "_thread",
    "_volatile",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Compiled of the two sources beside it."""
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(f"NAME = {name!r}\n")
    found = tmp_path / "native"
    found.mkdir()
    compiled.file_of(found, compiled.LIBRARY).touch()
    (found / compiled.LIST).write_text(compiled.listing(tmp_path, ["one.py", "two.py"]))
    return found


def test_it_is_used_when_it_is_of_these_sources(folder: Path) -> None:
    assert compiled.unfit(folder.parent, folder) is None


def test_an_edited_source_wins(folder: Path) -> None:
    (folder.parent / "two.py").write_text("NAME = 'twO.py'\n")
    assert compiled.unfit(folder.parent, folder) == "two.py has changed since"


def test_so_does_one_that_is_gone(folder: Path) -> None:
    (folder.parent / "one.py").unlink()
    assert compiled.unfit(folder.parent, folder) == "one.py has changed since"


def test_another_python_does_not_use_it(folder: Path) -> None:
    compiled.file_of(folder, compiled.LIBRARY).rename(folder / f"{compiled.LIBRARY}.cpython-30-other.so")
    assert "another Python" in str(compiled.unfit(folder.parent, folder))


def test_without_it_the_sources_run(tmp_path: Path) -> None:
    assert "just compile" in str(compiled.unfit(tmp_path, tmp_path / "native"))


def test_only_what_is_listed_is_found(folder: Path) -> None:
    finder = compiled.Finder(folder)
    spec = finder.find_spec(compiled.MODULES[0])
    assert spec is not None
    assert spec.origin == str(compiled.file_of(folder, compiled.MODULES[0]))
    assert finder.find_spec("app.config") is None


def asked(root: Path, **environment: str) -> list[str]:
    """What a process says that finds `app` in this folder: why it runs the sources, and what loads a listed module."""
    code = (
        "from app import compiled; from importlib.util import find_spec; print(compiled.why_not());"
        "print(type(find_spec('app.common.ids').loader).__name__)"
    )
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=root, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_it_can_be_switched_off() -> None:
    assert asked(ROOT, LLM_GATEWAY_COMPILE="0") == ["LLM_GATEWAY_COMPILE is 0", "SourceFileLoader"]


def test_a_library_that_does_not_load_is_left_alone(tmp_path: Path) -> None:
    package = tmp_path / "app"
    (package / "common").mkdir(parents=True)
    (package / "native").mkdir()
    for name in ("__init__.py", "compiled.py", "common/__init__.py", "common/ids.py"):
        (package / name).write_bytes((ROOT / "app" / name).read_bytes())
    compiled.file_of(package / "native", compiled.LIBRARY).write_bytes(b"no library")
    (package / "native" / compiled.LIST).write_text(compiled.listing(tmp_path, ["app/common/ids.py"]))
    why, loader = asked(tmp_path, LLM_GATEWAY_COMPILE="1", PYTHONPATH="")
    assert why.startswith("it can't be loaded")
    assert loader == "SourceFileLoader"


def faults(tree: ast.Module) -> Iterator[str]:
    """What mypyc can't do, or does wrong."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and any(isinstance(n, ast.Yield) for n in ast.walk(node)):
            yield "an asynchronous generator"
        elif isinstance(node, ast.Attribute) and node.attr in WORDS_OF_C:
            yield f"the attribute {node.attr}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Decoder"):
            names = {n.id for argument in node.args for n in ast.walk(argument) if isinstance(n, ast.Name)}
            if names & own:
                yield f"a decoder of {names & own}"
        elif isinstance(node, ast.AsyncFunctionDef):
            names = [n.name for n in ast.walk(node) if isinstance(n, ast.ExceptHandler) and n.name]
            yield from (f"two exceptions named {name}" for name in {*names} if names.count(name) > 1)
        elif isinstance(node, ast.Try):
            for part in [*(handler.body for handler in node.handlers), node.finalbody]:
                if any(isinstance(n, ast.Await | ast.Yield) for each in part for n in ast.walk(each)):
                    yield "an `await` in `except` or `finally`"


@pytest.mark.parametrize("source", SOURCES, ids=compiled.MODULES)
def test_what_is_compiled_can_be(source: Path) -> None:
    assert list(faults(ast.parse(source.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "text",
    [
        "async def f(x):\n    try:\n        pass\n    finally:\n        await x",
        "async def f():\n    yield 1",
        "self._thread = 1",
        "async def f():\n    try: g()\n    except A as e: pass\n    except B as e: pass",
        "class A(msgspec.Struct): pass\nd = msgspec.json.Decoder(list[A])",
    ],
)
def test_the_faults_are_seen(text: str) -> None:
    assert list(faults(ast.parse(text)))


def test_nobody_else_derives_from_compiled_classes() -> None:
    own = {
        node.name
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    imported = re.compile(rf"from (?:{'|'.join(map(re.escape, compiled.MODULES))}) import (.+)")
    derived = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        text = path.read_text("utf-8")
        names = {name.strip() for line in imported.findall(text) for name in line.split(",")} & own
        if path in SOURCES or not names:
            continue
        derived += [
            f"{path.name}: {node.name}"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ClassDef) and names & {ast.unparse(base) for base in node.bases}
        ]
    assert derived == []


def test_the_compiler_is_the_type_checker() -> None:
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["dev"]
    mypy = next(pin for pin in pins if pin.startswith("mypy=="))
    assert f'"{mypy}"' in (ROOT / "hatch_build.py").read_text("utf-8")
