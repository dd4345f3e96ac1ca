"""What stands between callers and upstream: nothing, nginx, the bare pass-through, the gateway."""

import asyncio
import contextlib
import http.client
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.macro.cases import MESSAGES_MODEL, MODEL, UPSTREAM_MODEL, Case
from tests.bench.macro.processes import Cores, memory_mib, stop
from tests.support.gateway import ROOT, command, environment, gateway_process

DIRECT, NGINX, BARE, GATEWAY = "direct", "nginx", "pass-through", "gateway"

RULES = {
    "model": 'headers.x-team != "blocked"',
    "refuses": 'headers.x-priority == "high" or has_images',
    "passes": "body.temperature <= 0.9 and body.max_tokens < 10000 or message_count > 20",
}
"""The model's own rule, and those of its two targets: every request has all three evaluated."""

_PATIENCE_SECONDS = 30.0


class Target:
    """A running one. `process` is None for the upstream itself."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[str] | None = None) -> None:
        self.name = name
        self.port = port
        self.process = process
        self.key: str | None = None
        self.start_seconds: float | None = None
        self.idle_mib: float | None = None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def body_file(self, case: Case) -> str:
        return f"{case.name}.{'asked' if self.name.startswith(GATEWAY) else 'request'}"

    def first_answer(self, case: Case, folder: Path, started: float) -> None:
        """Wait until it answers as it should, and note how long after `started` that was."""
        headers = {"content-type": "application/json"}
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        body = (folder / self.body_file(case)).read_bytes()
        problem: object = None
        while time.monotonic() < started + _PATIENCE_SECONDS:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                connection.request("POST", case.path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
                if answer.status == 200 and content == case.answer:
                    self.start_seconds = time.monotonic() - started
                    self.idle_mib = memory_mib(self.pid) if self.pid else None
                    return
                problem = f"{answer.status} {content[:300]!r}"
            except (OSError, http.client.HTTPException) as error:
                problem = error
            finally:
                connection.close()
            time.sleep(0.005)
        raise RuntimeError(f"{self.name} does not answer as it should: {problem}")


@contextlib.contextmanager
def nginx(upstream: int, folder: Path, cores: Cores, case: Case) -> Iterator[Target]:
    """One process without an access log. Only where `nginx_program` found it."""
    port = _free_port()
    (folder / "nginx.conf").write_text(_NGINX.format(port=port, upstream=upstream))
    started = time.monotonic()
    argv = [str(nginx_program()), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    process = cores.start(argv, cores.measured, cwd=folder, stderr=subprocess.DEVNULL)
    with _running(Target(NGINX, port, process)) as target:
        target.first_answer(case, folder, started)
        yield target


def nginx_program() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def bare(upstream: int, folder: Path, cores: Cores, case: Case) -> Iterator[Target]:
    """`forwarder.py` on uvicorn, uvloop and httptools."""
    started = time.monotonic()
    argv = [sys.executable, "-m", "tests.bench.macro.forwarder", str(upstream)]
    process = cores.start(argv, cores.measured, cwd=ROOT)
    with _running(Target(BARE, _port_said_by(process), process)) as target:
        target.first_answer(case, folder, started)
        yield target


@contextlib.contextmanager
def gateway(upstream: int, folder: Path, cores: Cores, case: Case, workers: int = 1) -> Iterator[Target]:
    """`llm-gateway serve` as users run it, on a database that a first run has prepared."""
    key = asyncio.run(_configured(upstream, folder))
    name = GATEWAY if workers == 1 else f"{GATEWAY}, {workers} workers"
    arguments = [] if workers == 1 else ["--workers", str(workers)]
    with (folder / "gateway.log").open("w") as log:
        started = time.monotonic()
        argv = command("serve", "--port", "0", *arguments)
        env = environment(folder)
        process = cores.start(argv, cores.measured, cwd=folder, env=env, stderr=log)
        with _running(Target(name, _port_said_by(process), process)) as target:
            target.key = key
            target.first_answer(case, folder, started)
            yield target


async def _configured(upstream: int, folder: Path) -> str:
    """Makes providers, models, rules and a key.

    :returns: the value of the key.
    """
    with gateway_process(folder) as preparing:
        async with preparing.admin() as admin:
            for model, protocol in ((MODEL, "openai"), (MESSAGES_MODEL, "anthropic")):
                base = f"http://127.0.0.1:{upstream}"
                provider = (await admin.provider(base, protocol=protocol))["id"]
                targets: list[dict[str, Any]] = [
                    {"provider_id": provider, "target_model": UPSTREAM_MODEL, "rule": RULES[name]}
                    for name in ("refuses", "passes")
                ]
                await admin.model(model, targets, rule=RULES["model"])
            return await admin.key()


@contextlib.contextmanager
def _running(target: Target) -> Iterator[Target]:
    try:
        yield target
    finally:
        if target.process:
            stop(target.process)


def _port_said_by(process: subprocess.Popen[str]) -> int:
    """The number at the end of its first line, where the port stands."""
    assert process.stdout
    line = process.stdout.readline().strip()
    if not line:
        raise RuntimeError(f"{process.args!r} ended before it listened: {process.wait(10)}")
    return int(line.rpartition(":")[2])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path nginx-body; proxy_temp_path nginx-proxy; fastcgi_temp_path nginx-fastcgi;
  uwsgi_temp_path nginx-uwsgi; scgi_temp_path nginx-scgi;
  client_max_body_size 32m; client_body_buffer_size 512k;
  upstream bench {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://bench; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    }}
  }}
}}
"""
