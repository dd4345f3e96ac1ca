"""The commands that serve, as processes: start, refusal to start, signals, the demo."""

import asyncio
import json
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.services.migrations import known_revisions
from tests.support.gateway import GatewayProcess, command, environment, gateway_process, unique


def start(folder: Path, *arguments: str, **settings: object) -> tuple[int, str]:
    """Exit code and stderr of a `serve` that is expected to give up."""
    result = subprocess.run(
        command("serve", *arguments),
        cwd=folder,
        env=environment(folder, PORT=0) | {name: str(value) for name, value in settings.items()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    return result.returncode, result.stderr


def cli(folder: Path, *arguments: str) -> str:
    """What another command prints in the same folder."""
    program = command(*arguments)
    return subprocess.run(
        program, cwd=folder, env=environment(folder), capture_output=True, text=True, check=True
    ).stdout


def test_starts_and_stops_on_a_signal(tmp_path: Path) -> None:
    with gateway_process(tmp_path, LLM_GATEWAY_DRIAN_SECONDS=3) as gateway:
        assert httpx.get(f"{gateway.url}/readyz", trust_env=False).text == "ready"
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(10) == -signal.SIGTERM
        assert "did you mean LLM_GATEWAY_DRAIN_SECONDS?" in gateway.log()
        assert "Traceback" not in gateway.log()


def test_unusable_settings(tmp_path: Path) -> None:
    code, said = start(tmp_path, ADMIN_TOKEN="too-short-a-secret")
    assert (code, said) == (78, "llm-gateway: ADMIN_TOKEN: expected at least 32 characters\n")


def test_newer_database(tmp_path: Path) -> None:
    cli(tmp_path, "migrate")
    with sqlite3.connect(tmp_path / "gateway.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    code, said = start(tmp_path)
    assert code == 78
    assert re.fullmatch(rf"llm-gateway: .*schema 9999.*{known_revisions()[-1]}.*\n", said)


def test_wrong_encryption_key(tmp_path: Path) -> None:
    cli(tmp_path, "keys", "create", "--name", "first")
    code, said = start(tmp_path, ENCRYPTION_KEY="another-encryption-key-" + "1" * 32)
    assert code == 78
    assert re.fullmatch(r"llm-gateway: ENCRYPTION_KEY: not the key this database was set up with.*\n", said)


def test_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, said = start(tmp_path, PORT=taken.getsockname()[1])
    assert code == 1
    assert re.fullmatch(r"llm-gateway: .*in use.*\n", said)


def test_listens_on_loopback_until_somebody_can_administer(tmp_path: Path) -> None:
    with gateway_process(tmp_path, "--host", "0.0.0.0", ADMIN_TOKEN="") as gateway:
        assert "listening on 127.0.0.1 only" in gateway.log()
        assert "setup token" in gateway.log()
        with pytest.raises(OSError, match=r"refused|reset"):  # on 0.0.0.0 it would answer here too
            socket.create_connection(("127.0.0.2", int(gateway.url.rsplit(":", 1)[1])), timeout=5)


def _lists_models(gateway: GatewayProcess, key: str) -> bool:
    answer = httpx.get(f"{gateway.url}/v1/models", headers={"x-api-key": key}, trust_env=False)
    return answer.status_code == 200


def test_key_from_the_command_line_and_doctor_on_a_running_gateway(gateway: GatewayProcess) -> None:
    folder = gateway.folder
    key = cli(folder, "keys", "create", "--name", unique("cli")).strip()
    deadline = time.monotonic() + 10
    while not _lists_models(
        gateway, key
    ):  # another process made it: it is served with the next look for changes
        assert time.monotonic() < deadline
    with socket.create_server(("127.0.0.1", 0)) as here, socket.create_server(("127.0.0.1", 0)) as gone:
        urls = [f"http://127.0.0.1:{sock.getsockname()[1]}" for sock in (here, gone)]
        gone.close()
        names = [unique("reachable"), unique("gone"), unique("unset")]

        async def configure() -> None:
            async with gateway.admin() as admin:
                await admin.provider(urls[0], name=names[0])
                await admin.provider(urls[1], name=names[1])
                await admin.provider(urls[0], name=names[2], credential="env:NOT_SET_ANYWHERE")

        asyncio.run(configure())
        result = subprocess.run(
            command("doctor", "--json"),
            cwd=folder,
            env=environment(folder),
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    found = {item["subject"]: item for item in json.loads(result.stdout)}
    verdicts = [found[f"provider {name}"]["verdict"] for name in names]
    assert verdicts == ["ok", "failed", "failed"]
    assert "NOT_SET_ANYWHERE" in found[f"provider {names[2]}"]["message"]


class Demo:
    """A running demo, and the curl line it printed."""

    def __init__(self, gateway: GatewayProcess) -> None:
        assert gateway.process.stdout
        line = shlex.split(next(line for line in gateway.process.stdout if "curl" in line))
        self.gateway = gateway
        self.url = line[1]
        self.headers = {
            name: value for name, _, value in (header.partition(": ") for header in _after(line, "-H"))
        }
        self.body: dict[str, Any] = json.loads(_after(line, "-d")[0])

    def post(self, url: str | None = None, priority: str = "low", **fields: Any) -> httpx.Response:
        headers = self.headers | {"x-priority": priority}
        return httpx.post(url or self.url, headers=headers, json=self.body | fields, trust_env=False)


def _after(words: list[str], option: str) -> list[str]:
    return [words[place + 1] for place, word in enumerate(words) if word == option]


@contextmanager
def demo(folder: Path) -> Iterator[Demo]:
    env = {name: value for name, value in environment(folder).items() if name != "DATABASE_URL"}
    with gateway_process(folder, "--demo", env=env) as gateway:
        yield Demo(gateway)


def test_demo(tmp_path: Path) -> None:
    with demo(tmp_path) as first:
        plain = first.post()
        assert plain.json()["choices"][0]["message"]["content"] == "You said: Hello"
        assert plain.json()["model"] == "mock-small"
        assert first.post(priority="high").json()["model"] == "mock-large"
        failover = first.post(model="demo-failover")
        assert (failover.json()["model"], failover.headers["x-gw-attempts"]) == ("mock-small", "2")
        claude = first.post(f"{first.gateway.url}/v1/messages", model="demo-claude", max_tokens=9)
        assert claude.json()["content"][0]["text"] == "You said: Hello"
        streamed = first.post(stream=True)
        assert streamed.text.endswith("data: [DONE]\n\n")
    assert (tmp_path / "llm_gateway_demo.db").exists()
    with demo(tmp_path) as second:  # finds everything there, and gives the key a new value
        assert second.headers["authorization"] != first.headers["authorization"]
        assert second.post().status_code == 200


def test_mock_upstream(tmp_path: Path) -> None:
    program = command("mock-upstream", "--port", "0", "--api-key", "sk-x")
    with subprocess.Popen(program, env=environment(tmp_path), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().split()[-1]
            body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
            answer = httpx.post(
                f"{url}/chat/completions", json=body, headers={"x-api-key": "sk-x"}, trust_env=False
            )
            assert answer.json()["choices"][0]["message"]["content"] == "You said: hi"
        finally:
            process.terminate()
