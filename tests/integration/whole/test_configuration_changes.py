"""The configuration changes under load: turns stay exact, no call sees half a change, and a write is served at once."""

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.integration.whole.support import WHOLE, Caller, Reply, call, eventually, many_descriptors
from tests.support.gateway import Admin, Gateway, gateway_process, unique
from tests.support.sockets import RawRequest, ScriptedUpstream, Step

CALLS = 1000
CHANGES = 100
ANYBODY = "body.temperature <= 0"
EDITION = re.compile(r"Bearer sk-generation-(\d+)-edition-(\d+)")


class Changes:
    """A model with one target for each upstream, and what an administrator may do to it while it is used.

    A provider sends a fixed header and a credential of the same edition, which change together in one request. It is of
    the same generation as the target model; a target gets another provider and another target model in one request.
    """

    def __init__(self, admin: Admin, upstreams: list[ScriptedUpstream]) -> None:
        self.admin, self.urls = admin, [upstream.url for upstream in upstreams]
        self.model = unique("model")
        self.generations = self.editions = 0
        self.providers: list[dict[str, Any]] = []
        self.targets: list[dict[str, Any]] = []

    async def begin(self) -> str:
        """:returns: the value of an API key."""
        for url in self.urls:
            self.providers.append(await self.provider(url))
        made = await self.admin.call("POST", "/models", {"name": self.model, "targets": []})
        self.model_path = f"/models/{made['name']}"
        for provider in self.providers:
            body = {"provider_id": provider["id"], "target_model": f"generation-{provider['generation']}"}
            self.targets.append(await self.admin.call("POST", f"{self.model_path}/targets", body))
        self.key = await self.admin.call("POST", "/api-keys", {"name": unique("key")})
        return str(self.key["value"])

    async def provider(self, url: str) -> dict[str, Any]:
        self.generations += 1
        made = await self.admin.provider(url, **self.edition(self.generations))
        return made | {"generation": self.generations}

    def edition(self, generation: int) -> dict[str, Any]:
        self.editions += 1
        return {
            "headers": {"x-generation": str(generation), "x-edition": str(self.editions)},
            "credential": f"sk-generation-{generation}-edition-{self.editions}",
        }

    async def switch(self, turn: int) -> None:
        new = await self.provider(self.urls[turn])
        self.providers[turn] = new
        body = {"provider_id": new["id"], "target_model": f"generation-{new['generation']}"}
        await self.admin.call("PATCH", f"{self.model_path}/targets/{self.targets[turn]['id']}", body)

    async def renew(self, turn: int) -> None:
        provider = self.providers[turn]
        await self.admin.call("PATCH", f"/providers/{provider['id']}", self.edition(provider["generation"]))

    async def rules(self, turn: int) -> None:
        await self.admin.call(
            "PATCH", self.model_path, {"rule": f"body.temperature < {turn + self.editions}"}
        )
        body = {"rule": ANYBODY if turn else "", "weight": self.editions}
        await self.admin.call("PATCH", f"{self.model_path}/targets/{self.targets[turn]['id']}", body)

    async def names(self, turn: int) -> None:
        path = f"/providers/{self.providers[turn]['id']}"
        await self.admin.call("PATCH", path, {"name": unique("renamed"), "notes": "renamed"})
        await self.admin.call("PATCH", f"/api-keys/{self.key['id']}", {"name": unique("renamed")})


def check_is_of_one_piece(request: RawRequest) -> tuple[int, int]:
    """:returns: generation and edition."""
    said = EDITION.fullmatch(request.header("authorization") or "")
    assert said
    assert said[1] == request.header("x-generation")
    assert said[2] == request.header("x-edition")
    assert json.loads(request.body)["model"] == f"generation-{said[1]}"
    generation, edition = said.groups()
    return int(generation), int(edition)


async def test_a_thousand_concurrent_calls_and_a_hundred_changes(gateway: Gateway) -> None:
    go_on = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(many_descriptors(4 * CALLS))
        script: list[Step] = [go_on, WHOLE]
        upstreams = [await stack.enter_async_context(ScriptedUpstream(script)) for _ in range(3)]
        admin = await stack.enter_async_context(gateway.admin())
        changes = Changes(admin, upstreams)
        key = await changes.begin()
        kinds: list[Callable[[int], Awaitable[None]]] = [
            changes.switch,
            changes.renew,
            changes.rules,
            changes.names,
        ]
        waiting: list[asyncio.Task[Reply]] = []
        for number in range(CHANGES):
            some = (one_call(gateway, key, changes.model) for _ in range(CALLS // CHANGES))
            waiting += map(asyncio.create_task, some)
            await kinds[number % 4](number // 4 % 3)

        async def arrived() -> bool:
            return sum(len(upstream.requests) for upstream in upstreams) == CALLS

        await eventually(arrived, 20)
        go_on.set()
        replies = await asyncio.gather(*waiting)
        assert {reply.status for reply in replies} == {200}
        turns = sorted(len(upstream.requests) for upstream in upstreams)
        assert turns == [333, 333, 334]
        seen = {check_is_of_one_piece(request) for upstream in upstreams for request in upstream.requests}
        assert len({generation for generation, _ in seen}) > CHANGES // 4 / 2, (
            "the changes came during the calls"
        )
        assert len({edition for _, edition in seen}) > CHANGES // 4


async def one_call(gateway: Gateway, key: str, model: str) -> Reply:
    caller = await Caller.connect(gateway)
    caller.ask(key, model, temperature=0)
    return await caller.reply()


async def test_a_write_is_served_at_once_by_the_process_that_took_it(gateway: Gateway) -> None:
    async with ScriptedUpstream([WHOLE]) as upstream, gateway.admin() as admin:
        model, made = unique("model"), await admin.call("POST", "/api-keys", {"name": unique("key")})
        value, key_path = made["value"], f"/api-keys/{made['id']}"

        async def says(status: int, code: str | None = None, key: str | None = None) -> None:
            reply = await call(gateway, key or value, model)
            assert reply.status == status, reply.body
            assert status == 200 or reply.code == code

        await says(404, "model_not_found")
        provider = await admin.provider(upstream.url)
        await admin.model(model)
        await says(422, "no_matching_provider")
        target = await admin.target(model, provider["id"], "first")
        await says(200)
        target_path = f"/models/{model}/targets/{target['id']}"
        await admin.call("PATCH", target_path, {"target_model": "second"})
        await says(200)
        assert [json.loads(request.body)["model"] for request in upstream.requests] == ["first", "second"]
        await admin.call("PATCH", target_path, {"rule": "stream"})
        await says(422, "no_matching_provider")
        await admin.call("PATCH", target_path, {"rule": ""})
        await admin.call("PATCH", f"/providers/{provider['id']}", {"is_active": False})
        await says(422, "no_matching_provider")
        await admin.call("PATCH", f"/providers/{provider['id']}", {"is_active": True})
        await admin.call("PATCH", f"/models/{model}", {"is_active": False})
        await says(404, "model_not_found")
        await admin.call("PATCH", f"/models/{model}", {"is_active": True})
        await admin.call("PATCH", key_path, {"is_active": False})
        await says(401, "invalid_api_key")
        await admin.call("PATCH", key_path, {"is_active": True, "allowed_models": []})
        await says(403, "model_not_allowed")
        await admin.call("PATCH", key_path, {"allowed_models": [model]})
        await says(200)
        rotated = await admin.call("POST", f"{key_path}/rotate", {"overlap_seconds": 0})
        await says(401, "invalid_api_key")
        await says(200, key=rotated["value"])
        await admin.call("DELETE", key_path)
        await says(401, "invalid_api_key", key=rotated["value"])
        value = await admin.key()
        await says(200)
        await admin.call("DELETE", f"/models/{model}")
        await says(404, "model_not_found")


async def test_another_process_serves_a_write_within_five_seconds(
    tmp_path: Path, postgres_database_url: str
) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    async with contextlib.AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(ScriptedUpstream([WHOLE]))
        one, other = (
            stack.enter_context(gateway_process(folder, DATABASE_URL=postgres_database_url))
            for folder in folders
        )
        admin = await stack.enter_async_context(one.admin())
        model = unique("model")
        key = await admin.route(model, upstream.url)
        assert (await call(one, key, model)).status == 200
        await eventually(lambda: answers(other, key, model, 200), 5)
        (made,) = (await admin.call("GET", "/api-keys"))["items"]
        await admin.call("PATCH", f"/api-keys/{made['id']}", {"is_active": False})
        assert (await call(one, key, model)).status == 401
        await eventually(lambda: answers(other, key, model, 401), 5)


async def answers(gateway: Gateway, key: str, model: str, status: int) -> bool:
    return (await call(gateway, key, model)).status == status
