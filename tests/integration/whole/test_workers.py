"""Two workers behind one port: what one does holds for both, and what happens to one leaves the other alone."""

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.whole.support import CHAT, WHOLE, calls, eventually
from tests.integration.whole.test_shutdown import FIRST, LAST, begun, stored
from tests.support.gateway import ADMIN_TOKEN, GatewayProcess, command, environment, gateway_process, unique
from tests.support.sockets import ScriptedUpstream, Step, chunk, head
from tests.support.workers import answers, children, client_of_each, ended, samples, total

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="reads /proc; elsewhere workers share one socket"
)

SETTINGS = {"WORKERS": 2, "SNAPSHOT_POLL_SECONDS": 600, "RETRY_DELAY_MS": 0}
"""No worker finds a change by looking for it."""


@pytest.fixture(params=["sqlite", "postgres"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GatewayProcess]:
    settings: dict[str, Any] = dict(SETTINGS)
    if request.param == "postgres":
        settings["DATABASE_URL"] = request.getfixturevalue("postgres_database_url")
    with gateway_process(tmp_path, **settings) as gateway:
        yield gateway


def body(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}


async def takes_no_more(gateway: GatewayProcess) -> bool:
    """A stop has reached the worker that was asked. A call would ask too much: it may come before the stop."""
    async with gateway.client("") as client:
        try:
            return (await client.get("/readyz")).status_code == 503
        except httpx.TransportError:
            return True


async def test_a_change_is_in_force_in_both_once_it_is_answered(two: GatewayProcess) -> None:
    assert two.greeting[-1].split() == ["workers", "2"]
    model = unique("model")
    async with (
        ScriptedUpstream([WHOLE]) as upstream,
        client_of_each(two, ADMIN_TOKEN) as admins,
        two.admin() as admin,
    ):
        key = await admin.route(model, upstream.url)
        async with client_of_each(two, key) as clients:
            for turn in range(10):
                rule = "body.temperature <= 0" if turn % 2 else ""
                changed = await admins[turn % 2].patch(f"/api/admin/models/{model}", json={"rule": rule})
                assert changed.status_code == 200
                for client in clients * 3:
                    answer = await client.post(CHAT, json=body(model, temperature=1))
                    assert (answer.status_code == 200) is (rule == ""), answer.text


async def test_metrics_of_either_are_those_of_both_and_no_record_is_lost(two: GatewayProcess) -> None:
    model, count = unique("model"), 300
    async with ScriptedUpstream([WHOLE]) as upstream, two.admin() as admin:
        key = await admin.route(model, upstream.url)
        async with client_of_each(two, key) as clients, client_of_each(two, ADMIN_TOKEN) as admins:
            replies = await calls(two, key, model, count, at_once=40)
            assert {reply.status for reply in replies} == {200}
            for client in clients:
                assert (await client.post(CHAT, json=body(model))).status_code == 200

            async def written() -> bool:
                return total(await samples(admins[0]), "gw_log_written_total") == count + 2

            await eventually(written)
            first, second = await samples(admins[0]), await samples(admins[1])
            for found in (first, second):
                assert total(found, "gw_requests_total") == count + 2
                assert total(found, "gw_request_seconds_count") == count + 2
                assert found["gw_requests_in_flight",] == found["gw_log_dropped_total",] == 0
                assert found["gw_worker_up", "1"] == found["gw_worker_up", "2"] == 1
                assert found["process_resident_memory_bytes", "supervisor"] <= 15 * 2**20
            for client in admins:
                assert (await client.get("/api/admin/system")).json()["log"]["written"] == count + 2
            assert first["process_start_time_seconds", "1"] == second["process_start_time_seconds", "1"]


async def test_the_limit_of_a_key_holds_over_both(tmp_path: Path) -> None:
    model = unique("model")
    with gateway_process(tmp_path, **SETTINGS) as gateway:
        async with ScriptedUpstream([WHOLE]) as upstream, gateway.admin() as admin:
            await admin.route(model, upstream.url)
            key = await admin.key(requests_per_minute=10)
            async with client_of_each(gateway, key) as clients:
                began = time.monotonic()
                answered = [await client.post(CHAT, json=body(model)) for client in clients * 10]
                grown_back = int((time.monotonic() - began) / 6) + 1
        statuses = [answer.status_code for answer in answered]
        assert 10 <= statuses.count(200) <= 10 + grown_back
        assert statuses.count(429) == 20 - statuses.count(200)


async def test_one_that_is_killed_is_replaced_and_its_counts_go_on(tmp_path: Path) -> None:
    model = unique("model")
    with gateway_process(tmp_path, **SETTINGS) as gateway:
        supervisor = gateway.process.pid
        async with ScriptedUpstream([WHOLE]) as upstream, gateway.admin() as admin:
            key = await admin.route(model, upstream.url)
            async with (
                client_of_each(gateway, ADMIN_TOKEN) as admins,
                client_of_each(gateway, key) as clients,
            ):
                for client in clients * 20:
                    await client.post(CHAT, json=body(model))

                async def written() -> bool:
                    return total(await samples(admins[1]), "gw_log_written_total") == 40

                await eventually(written)
                victim, other = children(supervisor)
                os.kill(victim, signal.SIGKILL)
                await ended(victim)
                assert await answers(admins[1])
                assert (await clients[1].post(CHAT, json=body(model))).status_code == 200
                found = await samples(admins[1])
                assert total(found, "gw_requests_total") == 41
                assert total(found, "gw_log_written_total") >= 40

                async def replaced() -> bool:
                    return (await samples(admins[1]))["gw_worker_up", "1"] == 1

                assert found["gw_worker_up", "1"] == 0
                await eventually(replaced, 20)
                assert children(supervisor)[0] == other
                assert total(await samples(admins[1]), "gw_requests_total") == 41
            async with client_of_each(gateway, key) as clients:
                assert (await clients[0].post(CHAT, json=body(model))).status_code == 200
        assert f"worker 1 (process {victim}) was ended by SIGKILL; another starts in 0.1 s" in gateway.log()
    assert len(stored(tmp_path)) == 42


async def test_a_stop_lets_open_requests_of_both_go_on(tmp_path: Path) -> None:
    model, go_on, count = unique("model"), asyncio.Event(), 12
    stream: list[Step] = [head(), chunk(FIRST), go_on, chunk(LAST), chunk(b"")]
    with gateway_process(tmp_path, **SETTINGS, DRAIN_SECONDS=30) as gateway:
        async with ScriptedUpstream(*[stream] * count) as upstream, gateway.admin() as admin:
            key = await admin.route(model, upstream.url)
            streams = [await begun(gateway, key, model) for _ in range(count)]
            workers = children(gateway.process.pid)
            gateway.process.send_signal(signal.SIGTERM)
            for worker in workers:  # as a process supervisor may that signals all it has started
                os.kill(worker, signal.SIGTERM)
            await eventually(lambda: takes_no_more(gateway), 20)
            assert gateway.process.poll() is None
            go_on.set()
            for caller in streams:
                assert (await caller.reader.read(-1)).endswith(b"0\r\n\r\n"), "a clean end"
                caller.writer.close()
            assert await asyncio.to_thread(gateway.process.wait, 15) == -signal.SIGTERM
            assert "Traceback" not in gateway.log()
    assert [row["end_reason"] for row in stored(tmp_path)] == ["complete"] * count


async def test_a_second_signal_does_not_wait_and_records_are_left(tmp_path: Path) -> None:
    model, never = unique("model"), asyncio.Event()
    with gateway_process(tmp_path, **SETTINGS, DRAIN_SECONDS=600) as gateway:
        async with (
            ScriptedUpstream(*[[head(), chunk(FIRST), never]] * 4) as upstream,
            gateway.admin() as admin,
        ):
            key = await admin.route(model, upstream.url)
            callers = [await begun(gateway, key, model) for _ in range(4)]
            try:
                gateway.process.send_signal(signal.SIGINT)
                await eventually(lambda: takes_no_more(gateway), 20)
                gateway.process.send_signal(signal.SIGINT)
                assert await asyncio.to_thread(gateway.process.wait, 15) == -signal.SIGINT
            finally:
                never.set()
                for caller in callers:
                    caller.leave()
    assert len(stored(tmp_path)) == 4


async def test_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    with gateway_process(tmp_path, **SETTINGS) as gateway:
        workers = children(gateway.process.pid)
        gateway.process.kill()
        for worker in workers:
            await ended(worker)
        assert gateway.log().count("the supervisor has ended") == 2


def test_what_keeps_a_worker_from_starting_is_said_once(tmp_path: Path) -> None:
    program = command("keys", "create", "--name", "first")
    subprocess.run(program, cwd=tmp_path, env=environment(tmp_path), capture_output=True, check=True)
    wrong = environment(tmp_path, PORT=0, WORKERS=2, ENCRYPTION_KEY="another-encryption-key-" + "1" * 32)
    result = subprocess.run(
        command("serve"), cwd=tmp_path, env=wrong, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 78
    assert result.stdout == ""
    assert result.stderr.startswith("llm-gateway: ENCRYPTION_KEY: not the key this database was set up with.")
    assert result.stderr.count("\n") == 1


def test_the_setup_token_is_printed_once(tmp_path: Path) -> None:
    with gateway_process(tmp_path, "--workers", "2", ADMIN_TOKEN="") as gateway:
        assert gateway.log().count("One-time setup token") == 1


def test_the_demo_with_two(tmp_path: Path) -> None:
    env = {name: value for name, value in environment(tmp_path).items() if name != "DATABASE_URL"}
    with gateway_process(tmp_path, "--demo", "--workers", "2", env=env) as gateway:
        assert gateway.process.stdout
        line = shlex.split(next(line for line in gateway.process.stdout if "curl" in line))
        headers = {name: value for name, _, value in (word.partition(": ") for word in line) if value}
        asked = json.loads(line[line.index("-d") + 1])
        for _ in range(10):
            answer = httpx.post(line[1], headers=headers, json=asked, trust_env=False)
            assert answer.json()["choices"][0]["message"]["content"] == "You said: Hello"


async def test_one_that_does_not_answer_is_reported_and_its_counts_stay(tmp_path: Path) -> None:
    model = unique("model")
    with gateway_process(tmp_path, **SETTINGS) as gateway:
        async with ScriptedUpstream([WHOLE]) as upstream, gateway.admin() as admin:
            key = await admin.route(model, upstream.url)
            async with (
                client_of_each(gateway, ADMIN_TOKEN) as admins,
                client_of_each(gateway, key) as clients,
            ):
                for client in clients * 5:
                    await client.post(CHAT, json=body(model))
                assert total(await samples(admins[0]), "gw_requests_total") == 10
                hung = children(gateway.process.pid)[1]
                os.kill(hung, signal.SIGSTOP)
                try:
                    found = await samples(admins[0])
                    assert (found["gw_worker_up", "1"], found["gw_worker_up", "2"]) == (1, 0)
                    assert total(found, "gw_requests_total") == 10
                    changed = await admins[0].patch(f"/api/admin/models/{model}", json={"rule": "false"})
                    assert changed.status_code == 200
                finally:
                    os.kill(hung, signal.SIGCONT)
                refused = await clients[0].post(CHAT, json=body(model))
                assert refused.status_code >= 400
        assert "workers [2] have not said that they serve it" in gateway.log()


def test_a_folder_named_like_our_package_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("raise SystemExit('run by mistake')")
    env = environment(tmp_path, PORT=0)
    installed = [sys.executable, "-P", *command("serve", "--workers", "2")[1:]]
    with subprocess.Popen(installed, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("LLM Gateway")
        process.terminate()
