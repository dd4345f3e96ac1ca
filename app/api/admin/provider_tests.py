"""Connection tests of providers: as one answer, or stage by stage as lines of JSON."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, post
from litestar.controller import Controller
from litestar.params import JSONBody, PathParameter
from litestar.response import Stream

from app.api.admin.request import AdminRequest
from app.api.admin.schemas.problem import problems
from app.api.admin.schemas.provider_test import ProviderDraftTest, ProviderTest
from app.api.state import gateway_of, services_of
from app.common.errors import InternalError
from app.domain.connection_test import ConnectionTest
from app.services.connection_test import Question, run
from app.services.provider_tests import ProviderTests

NDJSON: Final = "application/x-ndjson"
_LINES: Final = (
    " With `Accept: application/x-ndjson` the answer is lines of JSON: each stage when it is over, `models` twice "
    "where a later stage bears on it, and at the end the result, which has `stages`. Nothing is stored or logged. "
    "Stages may take 5 seconds, answers 10, all together 20."
)

ProviderId = Annotated[int, PathParameter(description="Number of the provider.")]


class ProviderTestController(Controller):
    path = "/providers"
    tags = ("Providers",)

    @post(
        "/{provider_id:int}/test",
        summary="Test a stored provider",
        description="Goes to the provider stage by stage as calls do, and asks for one short answer."
        + _LINES,
        status_code=200,
        responses=problems(404),
    )
    async def test_provider(
        self, request: AdminRequest, provider_id: ProviderId, data: JSONBody[ProviderTest]
    ) -> Response[ConnectionTest]:
        question = await _stored(request, provider_id, data)
        return await _answer(request, question)

    @post(
        "/test",
        summary="Test a provider before it is saved",
        description="The same for a provider as a form has it. The stored credential is used only where `provider_id` "
        "is given and scheme, host and port are the stored ones; else 409 `credential_required`." + _LINES,
        status_code=200,
        responses=problems(404, 409),
    )
    async def test_provider_draft(
        self, request: AdminRequest, data: JSONBody[ProviderDraftTest]
    ) -> Response[ConnectionTest]:
        question = await _drafted(request, data)
        return await _answer(request, question)


async def _stored(request: AdminRequest, provider_id: int, data: ProviderTest) -> Question:
    services = services_of(request)
    async with services.database.read() as session:
        tests = ProviderTests(session, services.keyring, gateway_of(request).settings)
        return await tests.of_stored(provider_id, data.model, data.endpoint)


async def _drafted(request: AdminRequest, data: ProviderDraftTest) -> Question:
    services = services_of(request)
    async with services.database.read() as session:
        tests = ProviderTests(session, services.keyring, gateway_of(request).settings)
        return await tests.of_draft(data)


async def _answer(request: AdminRequest, question: Question) -> Response[ConnectionTest]:
    if NDJSON in request.headers.get("accept", ""):
        lines: Response[Any] = Stream(_lines(question), headers={"content-type": NDJSON})
        return lines  # of which the last is the result
    return Response(await _last(question))


async def _last(question: Question) -> ConnectionTest:
    async with aclosing(run(question)) as steps:
        async for step in steps:
            if isinstance(step, ConnectionTest):
                return step
    raise InternalError("The test came to no result.")


async def _lines(question: Question) -> AsyncIterator[bytes]:
    async with aclosing(run(question)) as steps:
        async for step in steps:
            yield msgspec.json.encode(step) + b"\n"
