"""The official SDKs, current and previous major, through the whole gateway to the replay server.

Each version is installed once into the git-ignored `.cache/sdk` and runs in a process of its own.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateway import ROOT, gateway_process
from tests.support.replay import Replay, needs_shared

pytestmark = needs_shared

HERE = Path(__file__).parent
CACHE = ROOT / ".cache" / "sdk"

OPENAI = {
    "plain": ["ChatCompletion", True, True],
    "stream": [True, True, True],
    "tool": [True, True],
    "tool_stream": [True],
    "embeddings": ["CreateEmbeddingResponse", True],
    "responses": ["Response", True],
    "responses_stream": ["response.created", "response.completed"],
    "models": [True, True],
    "bad_key": ["AuthenticationError", "invalid_api_key", True],
    "unknown_model": ["NotFoundError", "model_not_found", True],
    "bad_request": ["BadRequestError", None, True],
    "status_429": ["RateLimitError", None, True],
    "status_500": ["InternalServerError", None, True],
    "status_503": ["InternalServerError", None, True],
    "cut_stream": ["APIError", "upstream_protocol", False],
    "error_event": ["APIError", None, False],
}

ANTHROPIC = {
    "plain": ["Message", True, True],
    "stream": ["message_start", "message_stop"],
    "stream_helper": [True, True],
    "tool": [["tool_use"]],
    "beta": ["BetaMessage"],
    "count_tokens": [True],
    "models": [True, True],
    "bad_key": ["AuthenticationError", "authentication_error"],
    "unknown_model": ["NotFoundError", "not_found_error"],
    "bad_request": ["BadRequestError", "invalid_request_error"],
    "status_429": ["RateLimitError", "rate_limit_error"],
    "status_500": ["InternalServerError", "api_error"],
    "cut_stream": ["APIStatusError", "api_error"],
    "error_event": ["APIStatusError", "overloaded_error"],
}


def installed(requirement: str) -> Path:
    """The folder with this version of an SDK; skips the test where it can't be had."""
    folder = CACHE / requirement.replace("==", "-")
    if not (folder / "done").is_file():
        command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
        done = subprocess.run(
            [*command, "--target", str(folder), requirement], capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"{requirement} can't be installed here: {done.stderr.strip()[-200:]}")
        (folder / "done").touch()
    return folder


@pytest.fixture
async def served(replay: Replay, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """URL of a gateway with the models `openai-model` and `anthropic-model`, and a key for it."""
    with gateway_process(tmp_path, RETRY_DELAY_MS=0) as gateway:
        async with gateway.admin() as admin:
            key = await admin.route("openai-model", replay.url)
            await admin.route("anthropic-model", replay.url, protocol="anthropic")
        yield gateway.url, key


async def results(requirement: str, script: str, *arguments: str) -> dict[str, Any]:
    folder = await asyncio.to_thread(installed, requirement)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / script),
        *arguments,
        env={"PYTHONPATH": str(folder), "PATH": "", "NO_PROXY": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-3000:]
    got: dict[str, Any] = json.loads(out)
    return got


@pytest.mark.parametrize("version", ["3.54.0", "2.54.0"])
async def test_openai(version: str, served: tuple[str, str]) -> None:
    url, key = served
    assert await results(f"openai=={version}", "openai_calls.py", f"{url}/v1", key, "openai-model") == OPENAI


@pytest.mark.parametrize("version", ["2.12.0", "1.17.0"])
async def test_anthropic(version: str, served: tuple[str, str]) -> None:
    url, key = served
    overloaded = {"status_529": ["OverloadedError", "overloaded_error"]}
    got = await results(f"anthropic=={version}", "anthropic_calls.py", url, key, "anthropic-model")
    assert got == ANTHROPIC | overloaded
