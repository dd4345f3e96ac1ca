"""The dashboard in a browser."""

import sys
from pathlib import Path

import pytest

from tests.browser.programs import missing, names, run

SETTINGS: dict[str, dict[str, object]] = {
    "hostile": {"LOG_PAYLOADS": "full", "RETRY_DELAY_MS": 0},
}
"""Of the gateways that need others than the demo's own."""


@pytest.fixture(scope="module", autouse=True)
def _all_there() -> None:
    if what := missing():
        pytest.skip(what)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", names())
def test_in_a_browser(name: str, tmp_path: Path) -> None:
    done = run(name, tmp_path, **SETTINGS.get(name, {}))
    sys.stdout.write(done.stdout)
    if done.returncode:
        pytest.fail(f"frontend/e2e/{name}.mjs found something", pytrace=False)
