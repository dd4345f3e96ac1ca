"""A whole gateway in a process of its own, like a user runs it. In the test's own loop: `live.py` next door.

    async def test_something(tmp_path, upstream):
        with gateway_process(tmp_path) as gateway:
            async with gateway.admin() as admin:
                key = await admin.route("my-model", upstream.url)       # provider, model, target, API key
            async with gateway.client(key) as client:
                await client.post("/v1/chat/completions", json={...})

The fixture `gateway` (`fixtures.py`) is one such process for all tests of a worker that don't stop it.
"""

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

ROOT = Path(__file__).resolve().parents[2]
LOG = "stderr.log"
ADMIN_TOKEN = "test-admin-token-" + "0" * 32
ENCRYPTION_KEY = "test-encryption-key-" + "0" * 32

_numbers = itertools.count(1)


def unique(word: str) -> str:
    """A name that no other test of this process uses."""
    return f"{word}-{os.getpid()}-{next(_numbers)}"


class Admin:
    """The admin API with `ADMIN_TOKEN`. `client` is there for all that has no method of its own."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of an answer of 200-299, None for an empty one; any other fails the test and is shown."""
        answer = await self.client.request(method, f"/api/admin{path}", json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def provider(self, base_url: str, *, protocol: str = "openai", **fields: Any) -> dict[str, Any]:
        """A new provider; `credential` is `sk-upstream` unless given."""
        body = {
            "name": unique("provider"),
            "protocol": protocol,
            "base_url": base_url,
            "credential": "sk-upstream",
        }
        made: dict[str, Any] = await self.call("POST", "/providers", body | fields)
        return made

    async def model(
        self, name: str | None = None, targets: list[dict[str, Any]] | None = None, **fields: Any
    ) -> str:
        """A new model with its targets (`{"provider_id": 1, "target_model": "m"}`); returns its name."""
        body = {"name": name or unique("model"), "targets": targets or []}
        made: dict[str, Any] = await self.call("POST", "/models", body | fields)
        return str(made["name"])

    async def target(
        self, model: str, provider_id: int, target_model: str = "m", **fields: Any
    ) -> dict[str, Any]:
        """One more target under a model."""
        body = {"provider_id": provider_id, "target_model": target_model}
        path = f"/models/{quote(model, safe='')}/targets"
        made: dict[str, Any] = await self.call("POST", path, body | fields)
        return made

    async def key(self, **fields: Any) -> str:
        """The value of a new API key."""
        made: dict[str, Any] = await self.call("POST", "/api-keys", {"name": unique("key")} | fields)
        return str(made["value"])

    async def log(self, request_id: str) -> dict[str, Any]:
        """A log record in full, once it has been written."""
        async with asyncio.timeout(10):
            while True:
                answer = await self.client.get(f"/api/admin/logs/{request_id}")
                if answer.status_code != 404:
                    found: dict[str, Any] = answer.json()
                    return found
                await asyncio.sleep(0.02)

    async def route(self, model: str, *upstreams: str, protocol: str = "openai", **fields: Any) -> str:
        """A model with one provider and target for each upstream URL; returns the value of a key that may use it.

        :param fields: of the model, e.g. `strategy="priority"`; the targets get priorities 1, 2, ... in their order.
        """
        targets = [
            {
                "provider_id": (await self.provider(url, protocol=protocol))["id"],
                "target_model": f"{model}-upstream",
                "priority": priority,
            }
            for priority, url in enumerate(upstreams, 1)
        ]
        await self.model(model, targets, **fields)
        return await self.key()


class Gateway:
    """A running gateway; `url` has no path."""

    def __init__(self, url: str) -> None:
        self.url = url

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[Admin]:
        async with self.client(ADMIN_TOKEN) as client:
            yield Admin(client)

    def client(self, key: str) -> httpx.AsyncClient:
        """A client that sends `key` as a bearer token; close it with `async with`."""
        headers = {"authorization": f"Bearer {key}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False, timeout=30)


class GatewayProcess(Gateway):
    """A gateway in a process of its own. `greeting` is what it said at the start, up to its first empty line."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        """Where it keeps its files."""
        assert process.stdout
        self.greeting = list(itertools.takewhile(str.strip, process.stdout))
        if not self.greeting:
            process.wait(10)
            raise AssertionError(f"the gateway did not start: {self.log()}")
        super().__init__(self.greeting[0].split()[-1])

    def log(self) -> str:
        """What it has written to stderr."""
        return (self.folder / LOG).read_text("utf-8")


def environment(folder: Path, **settings: object) -> dict[str, str]:
    """The environment of a gateway that keeps its files in `folder`; settings by their names, e.g. `PORT=0`."""
    ours = {
        "DATABASE_URL": f"sqlite:///{folder}/gateway.db",
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
        "ADMIN_TOKEN": ADMIN_TOKEN,
        "DRAIN_SECONDS": "5",
    }
    inherited = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "SYSTEMROOT", "TMPDIR")
    }
    return (
        inherited | {"PYTHONPATH": str(ROOT)} | ours | {name: str(value) for name, value in settings.items()}
    )


def command(*arguments: str) -> list[str]:
    """`llm-gateway` with arguments, run by this Python."""
    return [sys.executable, "-m", "app.cli", *arguments]


@contextmanager
def gateway_process(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, **settings: object
) -> Iterator[GatewayProcess]:
    """`llm-gateway serve --port 0` with further arguments; stopped at the end of the block.

    :param env: the whole environment, instead of `environment(folder, **settings)`.
    """
    with (
        (folder / LOG).open("w", encoding="utf-8") as stderr,
        subprocess.Popen(
            command("serve", "--port", "0", *arguments),
            cwd=folder,
            env=env or environment(folder, **settings),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            yield GatewayProcess(process, folder)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
