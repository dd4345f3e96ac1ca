"""The soak test at a size that takes some 20 seconds; `just soak` has the whole of it."""

import subprocess
import sys

import pytest

from tests.support.gateway import ROOT

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]


def test_twenty_thousand_requests() -> None:
    command = [sys.executable, "-m", "tests.bench.soak", "20000"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
