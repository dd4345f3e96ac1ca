"""`requirements.lock` is hashed, names no host, and has what pyproject.toml pins."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PINS = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]


def locked() -> dict[str, str]:
    """Version by package, with the entry's hashes checked on the way."""
    versions = {}
    for entry in re.split(r"\n(?=[a-z0-9])", LOCK):
        name, version = re.match(r"([a-z0-9-]+)==(\S+)", entry).groups()  # type: ignore[union-attr]  # fails loudly
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), name
        versions[name] = version
    return versions


@pytest.mark.parametrize("pin", PINS, ids=lambda pin: pin.split("=")[0])
def test_pins_are_exact_and_locked(pin: str) -> None:
    match = re.fullmatch(r"([A-Za-z0-9-]+)(?:\[[\w,]+\])?==([\w.]+)(?:\s*;.*)?", pin)
    assert match, "pin it with =="
    assert locked().get(match[1].lower()) == match[2], "run `just lock`"


def test_no_host_in_the_lock() -> None:
    assert not re.search(r"://|--index|--find-links|^-", LOCK, re.MULTILINE)
