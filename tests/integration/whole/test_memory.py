"""A gateway that only proxies stays small: what it has not loaded, and what it weighs."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from app.mock.asgi import MockUpstream
from app.mock.server import running
from tests.support.gateway import ROOT, GatewayProcess, environment, gateway_process

MOST_MIB = 80
"""Resident after a few hundred requests; 66 when this was written."""

UNWANTED = {
    "advanced_alchemy.service": "on top of repositories; we have services of our own",
    "alembic": "a database that is up to date needs no migration",
    "anyio": "httpx's own transport and Litestar's files; ours uses neither",
    "app.api.admin.router": "the admin API",
    "app.rules.analysis": "analysis is for authors of rules",
    "app.rules.complete": "completion, too",
    "app.rules.importers": "rules of other gateways",
    "app.rules.in_words": "sentences for people",
    "app.rules.to_sql": "filters of the request log",
    "argon2": "passwords of administrators",
    "asyncpg": "the database is SQLite",
    "click": "command lines of httpx, uvicorn and Litestar",
    "litestar": "admin API and OpenAPI: 15 MiB and 0.3 s",
    "pygments": "httpx's command line",
    "regex": "tiktoken's and lark's patterns",
    "rich": "command lines",
    "sqlalchemy.dialects.mssql": "not our database",
    "sqlalchemy.dialects.mysql": "not our database",
    "sqlalchemy.dialects.oracle": "not our database",
    "sqlalchemy.dialects.postgresql": "the database is SQLite",
    "tiktoken": "no rule asks for tokens, and the upstream tells its usage",
    "uvicorn.main": "uvicorn's command line",
    "yaml": "files of rules",
}
"""Modules, and why requests of clients don't need them."""


@pytest.fixture
def proxying(tmp_path: Path) -> Iterator[tuple[GatewayProcess, str]]:
    """A gateway that somebody has configured before it was started, and a key. Upon SIGUSR1 it lists its modules."""

    async def configure(upstream: str) -> str:
        with gateway_process(tmp_path) as gateway:
            async with gateway.admin() as admin:
                return await admin.route("m", upstream)

    (tmp_path / "sitecustomize.py").write_text(
        dedent(
            f"""
            import signal, sys
            from pathlib import Path
            def tell(*_):
                Path({str(tmp_path)!r}, "begun").write_text("\\n".join(sys.modules))
                Path({str(tmp_path)!r}, "begun").rename(Path({str(tmp_path)!r}, "modules"))
            signal.signal(signal.SIGUSR1, tell)
            """
        )
    )
    path = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    with running(MockUpstream()) as upstream:
        key = asyncio.run(configure(upstream))
        with gateway_process(tmp_path, env=environment(tmp_path) | path) as gateway:
            yield gateway, key


async def modules(gateway: GatewayProcess) -> set[str]:
    listing = gateway.folder / "modules"
    listing.unlink(missing_ok=True)
    gateway.process.send_signal(signal.SIGUSR1)
    async with asyncio.timeout(10):
        while not listing.exists():  # noqa: ASYNC110  # another process makes it
            await asyncio.sleep(0.01)
    return set(listing.read_text().splitlines())


def weight(gateway: GatewayProcess) -> float:
    """Its resident memory, in MiB."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if "VmRSS" in line)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what a process weighs")
async def test_a_gateway_that_only_proxies(proxying: tuple[GatewayProcess, str]) -> None:
    gateway, key = proxying
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}

    async with gateway.client(key) as client:

        async def chat() -> int:
            return (await client.post("/v1/chat/completions", json=body)).status_code

        for _ in range(15):
            assert await asyncio.gather(*(chat() for _ in range(20))) == [200] * 20
        for path in ("/livez", "/readyz", "/metrics", "/"):
            assert (await client.get(path)).status_code == 200
        assert await modules(gateway) & UNWANTED.keys() == set()
        assert weight(gateway) < MOST_MIB

        async with gateway.admin() as admin:
            first: list[httpx.Response] = list(
                await asyncio.gather(*(admin.client.get("/api/admin/session") for _ in range(4)))
            )
            assert [answer.status_code for answer in first] == [200] * 4
            assert await chat() == 200
        assert "litestar" in await modules(gateway)
