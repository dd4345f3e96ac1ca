"""The application as a server sees it: Litestar comes when it is needed, once; errors of a start come at the start."""

import asyncio
from typing import Any

import pytest

from app.asgi import Application, create_app
from app.config import Settings, SettingsError


async def status(app: Application, path: str) -> int:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "scheme": "http",
    }
    await app(scope, receive, send)
    found: int = sent[0]["status"]
    return found


async def test_who_asks_first_does_not_matter() -> None:
    app = create_app(Settings())
    asking = [asyncio.create_task(status(app, "/nowhere")) for _ in range(5)]
    while not asyncio.all_tasks() - {asyncio.current_task(), *asking}:  # noqa: ASYNC110  # they begin to load it
        await asyncio.sleep(0)
    asking[0].cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [404] * 4
    assert app.litestar() is app.litestar()
    assert app.routes is app.litestar().routes


async def test_probes_are_answered_before_and_after() -> None:
    app = create_app(Settings())
    for _ in range(2):
        assert [await status(app, path) for path in ("/livez", "/readyz")] == [200, 503]
        app.litestar()


async def test_litestar_sees_the_state_of_the_application() -> None:
    app = create_app(Settings())
    litestar = app.litestar()
    assert litestar.state.gateway is app.state.gateway
    app.state["later"] = 1
    assert litestar.state.later == 1


async def test_a_start_that_fails_is_told_to_the_server() -> None:
    app = create_app(Settings(database_url="sqlite+aiosqlite:///:memory:"))
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        said.append(message)

    with pytest.raises(SettingsError, match="SQLite needs a file"):
        await app({"type": "lifespan"}, receive, send)
    assert [message["type"] for message in said] == ["lifespan.startup.failed"]
    assert "SQLite needs a file" in said[0]["message"]
