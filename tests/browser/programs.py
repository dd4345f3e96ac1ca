"""Runs a program of `frontend/e2e`, a browser at work, against a gateway of its own at its first start."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.api.dashboard import FOLDER, MANIFEST
from tests.support.gateway import ROOT, command, environment, gateway_process

FRONTEND = ROOT / "frontend"
FOLDER_OF_PROGRAMS = FRONTEND / "e2e"
SHARED = {"support", "pages", "payloads", "axe"}
"""What the programs import."""
SECONDS = 280


def names() -> list[str]:
    """All programs there are."""
    return sorted(path.stem for path in FOLDER_OF_PROGRAMS.glob("*.mjs") if path.stem not in SHARED)


def missing() -> str | None:
    """What this machine lacks to run them."""
    if shutil.which("node") is None:
        return "no Node"
    if not (FRONTEND / "node_modules" / "playwright-core").exists():
        return "no frontend/node_modules: `just dashboard` brings them"
    if not (FOLDER / MANIFEST).exists():
        return "the dashboard is not built: `just dashboard` does it"
    if chromium() is None:
        return "no Chromium: install the package of that name, or name the program in CHROMIUM"
    return None


def chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def run(name: str, folder: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run one to its end. It finds in its environment

    GATEWAY_URL and SETUP_TOKEN; API_KEY, which the demo made; MOCK_URL, a pretend provider that the gateway does not
    know yet; PICTURES, where its pictures go.

    :param folder: for the gateway's files, and the pictures unless PICTURES is set.
    :param settings: of the gateway, e.g. `LOG_PAYLOADS="full"`.
    """
    env = environment(folder, **settings)
    del env["ADMIN_TOKEN"]  # with it there, no setup token would be made
    with pretend_provider(folder) as upstream, gateway_process(folder, "--demo", env=env) as gateway:
        api_key = _first(r"Bearer (gwk_\w+)", gateway.process.stdout or [])
        token = _first(r"[ =]([\w-]{40,})\s", gateway.log().splitlines(keepends=True))
        given = {
            "GATEWAY_URL": gateway.url,
            "SETUP_TOKEN": token,
            "API_KEY": api_key,
            "MOCK_URL": upstream,
            "CHROMIUM": chromium() or "",
            "PICTURES": os.environ.get("PICTURES") or str(folder / "pictures"),
        }
        return subprocess.run(
            ["node", str(FOLDER_OF_PROGRAMS / f"{name}.mjs")],
            env=os.environ | given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )


@contextmanager
def pretend_provider(folder: Path) -> Iterator[str]:
    """`llm-gateway mock-upstream` for the length of the block; yields its address."""
    serve = command("mock-upstream", "--port", "0")
    with subprocess.Popen(
        serve, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield _first(r"on (http://[\d.:]+)", process.stdout)
        finally:
            process.terminate()


def _first(pattern: str, lines: Iterator[str] | list[str]) -> str:
    """What the first line with the pattern has in the group."""
    found = next((match[1] for line in lines if (match := re.search(pattern, line))), None)
    assert found, pattern
    return found
