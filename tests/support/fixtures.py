"""Fixtures of the harness. `tests/conftest.py` takes them in with `pytest_plugins = ["tests.support.fixtures"]`."""

from collections.abc import Iterator

import pytest

from tests.support.gateway import GatewayProcess, gateway_process
from tests.support.replay import Replay, replay_server


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway in a subprocess, shared by the tests of a worker: use `unique` names, and leave it running."""
    with gateway_process(
        tmp_path_factory.mktemp("gateway"), RETRY_DELAY_MS=0, SNAPSHOT_POLL_SECONDS=0.05
    ) as running:
        yield running


@pytest.fixture(scope="session")
def replay_process() -> Iterator[Replay]:
    with replay_server("--fallback") as replay:
        yield replay


@pytest.fixture
def replay(replay_process: Replay) -> Iterator[Replay]:
    """The shared replay server without faults and memory. Tests that use it carry the mark `needs_shared`."""
    replay_process.reset()
    yield replay_process
    replay_process.reset()
