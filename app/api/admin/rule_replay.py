"""Replaying drafted rules over the log: as one answer, or with progress as lines of JSON."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Final

import msgspec
from litestar import Response, post
from litestar.controller import Controller
from litestar.params import JSONBody
from litestar.response import Stream

from app.api.admin.request import AdminRequest
from app.api.admin.schemas.problem import problems
from app.api.state import gateway_of, services_of
from app.common.errors import GatewayError, InternalError
from app.domain.replay import ReplayFailure, ReplayProgress, ReplayQuestion, ReplayResult
from app.services.replay_process import ReplayRunner, ReplaySteps
from app.services.replays import prepare

NDJSON: Final = "application/x-ndjson"
_runner: Final = ReplayRunner()


class RuleReplayController(Controller):
    path = "/rules"
    tags = ("Rules",)

    @post(
        "/replay",
        summary="Replay logged requests",
        description="What drafted rules would have done with the newest requests of a model, by the facts stored with "
        "each log record. Calls no provider and changes nothing. With `Accept: application/x-ndjson` the answer is "
        "lines of JSON: progress (`done`, `total`) again and again, and at the end the result, or `error`. One replay "
        "runs at a time; a second one gets 409 `replay_running`.",
        status_code=200,
        responses=problems(404, 409),
    )
    async def replay_rules(
        self, request: AdminRequest, data: JSONBody[ReplayQuestion]
    ) -> Response[ReplayResult]:
        begun = await _begin(request, data)
        return (
            _streamed(begun) if NDJSON in request.headers.get("accept", "") else await _whole(request, begun)
        )


class _Begun(msgspec.Struct):
    """A replay whose first step is there: it was not refused."""

    first: ReplayProgress | ReplayResult
    others: ReplaySteps


async def _begin(request: AdminRequest, question: ReplayQuestion) -> _Begun:
    async with services_of(request).database.read() as session:
        await prepare(session, question)
    gateway = gateway_of(request)
    steps = _runner.run(gateway.settings.database_url, question, gateway.replay_turn)
    return _Begun(await anext(steps), steps)


async def _whole(request: AdminRequest, begun: _Begun) -> Response[ReplayResult]:
    """The result. The replay ends when the client leaves."""
    replaying = asyncio.create_task(_last(begun))
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait((replaying, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not replaying.done():
            raise InternalError("The client has left.")
        return Response(replaying.result())
    finally:
        replaying.cancel()
        leaving.cancel()
        await asyncio.gather(replaying, leaving, return_exceptions=True)


async def _last(begun: _Begun) -> ReplayResult:
    async with aclosing(begun.others) as steps:
        async for step in steps:
            if isinstance(step, ReplayResult):
                return step
    raise InternalError("The replay came to no result.")


async def _left(request: AdminRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _streamed(begun: _Begun) -> Response[ReplayResult]:
    lines: Response[Any] = Stream(_lines(begun), headers={"content-type": NDJSON})
    return lines  # of which the last is the result


async def _lines(begun: _Begun) -> AsyncIterator[bytes]:
    yield _line(begun.first)
    try:
        async with aclosing(begun.others) as steps:
            async for step in steps:
                yield _line(step)
    except GatewayError as error:
        yield _line(ReplayFailure(error.message))


def _line(step: ReplayProgress | ReplayResult | ReplayFailure) -> bytes:
    return msgspec.json.encode(step) + b"\n"
