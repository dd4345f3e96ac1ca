"""Streams in number, at a size that takes half a minute; `just streams` has the whole of it."""

import subprocess
import sys

import pytest

from tests.support.gateway import ROOT

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]


def test_a_thousand_streams() -> None:
    sizes = ["--streams", "1000", "--slow", "100", "--workers", "1"]
    command = [sys.executable, "-m", "tests.bench.streams", *sizes]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
