"""Clients generated from the OpenAPI document: without a warning, type-checked, and used against a live gateway."""

import asyncio
import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import pytest

from app.api.openapi import document
from tests.integration.conftest import ADMIN_TOKEN
from tests.support.live import Live

HERE = Path(__file__).parent / "typescript"
CACHE = Path(__file__).resolve().parents[3] / ".cache"
PACKAGE = "generated_client"
TYPESCRIPT_OPTIONS = ("--default-non-nullable", "false")
"""As docs/api.md says: what has a default may be left out of a request; by itself this generator demands it."""


async def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """The output of a program that has to succeed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 0, text
    return text


@pytest.fixture
def exported(live: Live, tmp_path: Path) -> Path:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document(live.app)))
    return file


@pytest.fixture
async def python_client(exported: Path, tmp_path: Path) -> AsyncIterator[ModuleType]:
    tool = Path(sys.executable).parent
    output = await run(
        tool / "openapi-python-client",
        *(
            "generate",
            "--path",
            exported,
            "--output-path",
            tmp_path / PACKAGE,
            "--meta",
            "none",
            "--fail-on-warning",
        ),
        cwd=tmp_path,
        PATH=f"{tool}{os.pathsep}{os.environ['PATH']}",  # it calls ruff
    )
    assert "warning" not in output.lower(), output
    sys.path.insert(0, str(tmp_path))
    yield importlib.import_module(PACKAGE)
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


async def test_the_python_client_makes_reads_changes_and_removes(
    live: Live, python_client: ModuleType
) -> None:
    def operation(path: str) -> ModuleType:
        return importlib.import_module(f"{PACKAGE}.api.{path}")

    models = importlib.import_module(f"{PACKAGE}.models")
    unset = importlib.import_module(f"{PACKAGE}.types").UNSET
    async with python_client.AuthenticatedClient(base_url=live.url, token=ADMIN_TOKEN) as client:
        body = models.ProviderCreate(
            name="python",
            protocol=models.Protocol.OPENAI,
            base_url="https://api.openai.com/v1",
            credential="sk-0123456789abcdef",
        )
        created = await operation("providers.create_provider").asyncio(client=client, body=body)
        assert isinstance(created, models.Provider)
        assert (created.credential_set, created.credential_hint, created.connect_timeout) == (
            True,
            "cdef",
            None,
        )
        assert created.created_at.tzinfo is not None

        twice = await operation("providers.create_provider").asyncio(client=client, body=body)
        assert isinstance(twice, models.Problem)
        assert (twice.status, twice.code) == (409, "name_taken")

        update = operation("providers.update_provider")
        changes = models.ProviderUpdate(notes="changed")
        changed = await update.asyncio(created.id, client=client, body=changes, if_match=created.etag)
        assert (changed.notes, changed.name, changed.credential_set) == ("changed", "python", True)
        stale = await update.asyncio(created.id, client=client, body=changes, if_match=created.etag)
        assert (stale.status, stale.code) == (412, "precondition_failed")

        listed = await operation("providers.list_providers").asyncio(client=client, search="pyth")
        assert [(item.id, item.etag) for item in listed.items] == [(created.id, changed.etag)]

        wrong = models.ModelCreate(name="m", rule="stream == 1")
        refused = await operation("models.create_model").asyncio(client=client, body=wrong)
        assert isinstance(refused, models.Problem)
        assert refused.errors[0].pointer == "/rule"
        assert refused.errors[0].span is not unset

        model = await operation("models.create_model").asyncio(
            client=client, body=models.ModelCreate(name="a/b")
        )
        assert isinstance(model, models.Model)
        target = models.TargetCreate(provider_id=created.id, target_model="gpt-5")
        added = await operation("models.create_target").asyncio("a/b", client=client, body=target)
        assert isinstance(added, models.Target)
        assert (await operation("models.get_model").asyncio("a/b", client=client)).targets[0].id == added.id

        delete = operation("providers.delete_provider")
        in_use = await delete.asyncio_detailed(created.id, client=client)
        assert (in_use.status_code, in_use.parsed.code) == (409, "provider_in_use")
        assert (
            await operation("models.delete_model").asyncio_detailed("a/b", client=client)
        ).status_code == 204
        assert (await delete.asyncio_detailed(created.id, client=client)).status_code == 204
        gone = await operation("providers.get_provider").asyncio(created.id, client=client)
        assert isinstance(gone, models.Problem)


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """The TypeScript tools, installed once per lock file."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("no Node.js here to try the TypeScript clients with")
    lock = (HERE / "package-lock.json").read_bytes()
    installed = CACHE / f"typescript-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not installed.exists():
        CACHE.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="typescript-", dir=CACHE))
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, fresh)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]
        try:
            subprocess.run(command, cwd=fresh, check=True, capture_output=True, timeout=90)
        except (subprocess.SubprocessError, OSError) as error:
            shutil.rmtree(fresh)
            pytest.skip(f"the TypeScript tools can't be installed: {error}")
        try:
            fresh.rename(installed)
        except OSError:  # another test process was quicker
            shutil.rmtree(fresh)
    return installed / "node_modules"


async def test_the_typescript_clients_compile_and_run(
    live: Live, exported: Path, node_modules: Path, tmp_path: Path
) -> None:
    tools = node_modules / ".bin"
    for name in ("package.json", "tsconfig.json", "use.ts"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(node_modules)
    outputs = await asyncio.gather(
        run(
            tools / "openapi-typescript",
            exported,
            *TYPESCRIPT_OPTIONS,
            "-o",
            "generated/schema.ts",
            cwd=tmp_path,
        ),
        run(
            tools / "openapi-ts",
            *("-i", exported, "-o", "generated/hey-api", "-c", "@hey-api/client-fetch"),
            cwd=tmp_path,
        ),
    )
    for output in outputs:
        assert "warn" not in output.lower(), output
        assert "error" not in output.lower(), output
    await run(tools / "tsc", "-p", ".", cwd=tmp_path)
    await run("node", "out/use.js", live.url, ADMIN_TOKEN, cwd=tmp_path)
