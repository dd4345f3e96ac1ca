"""The shared replay server as a subprocess: recorded real traffic, misbehaviour on demand.

It lives beside the project, not in it: tests that need it carry the mark `needs_shared`.
Its faults and options are described in the README there.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
RECORDED = SHARED / "recorded"
SERVER = SHARED / "replay" / "replay_upstream.py"

needs_shared = pytest.mark.skipif(
    not (SERVER.is_file() and RECORDED.is_dir()), reason="needs the recorded traffic in ../shared"
)


class Replay:
    """A running replay server. Calls block for about a millisecond."""

    def __init__(self, url: str) -> None:
        self.url = url
        """Base URL of the upstream, without `/v1`."""
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=30)

    def fault(self, kind: str, *, times: int = 1, endpoint: str | None = None, **options: Any) -> None:
        """Plan a misbehaviour, e.g. `fault("status", status=429, headers={"retry-after": "1"})`.

        :param times: requests it is for; -1 = until cleared.
        """
        options |= {"fault": kind, "times": times} | ({"endpoint": endpoint} if endpoint else {})
        self._client.post("/__replay/faults", json=options).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """What arrived, oldest first, with the body as bytes under `body`."""
        seen: list[dict[str, Any]] = self._client.get("/__replay/requests").json()
        return [item | {"body": base64.b64decode(item["body_base64"])} for item in seen]

    def open_connections(self) -> int:
        count: int = self._client.get("/__replay/").json()["open_connections"]
        return count - 1  # this call's own

    def reset(self) -> None:
        """Forget faults and requests."""
        self._client.delete("/__replay/faults")
        self._client.delete("/__replay/requests")

    def close(self) -> None:
        self._client.close()


@contextmanager
def replay_server(*options: str) -> Iterator[Replay]:
    """Start a replay server on a free port with the given command-line options, e.g. `"--fallback"`."""
    command = [sys.executable, str(SERVER), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            words = process.stdout.readline().split()
            replay = Replay(next(word for word in words if word.startswith("http://")))
            try:
                yield replay
            finally:
                replay.close()
        finally:
            process.terminate()


def records(*files: str) -> Iterator[dict[str, Any]]:
    """Recorded exchanges of the named files (`"openai_chat.jsonl"`), or of all."""
    for path in [RECORDED / name for name in files] or sorted(RECORDED.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
