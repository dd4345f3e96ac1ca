"""Tests kept with the rules of a model."""

from typing import Annotated
from urllib.parse import unquote

from litestar import Response, delete, get, patch, post
from litestar.controller import Controller
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.models import ModelPath
from app.api.admin.resource import ETAG, IfMatch, PageNumber, PageSize, tagged
from app.api.admin.schemas.problem import problems
from app.api.admin.schemas.rule_test import (
    RuleTest,
    RuleTestCreate,
    RuleTestFromLog,
    RuleTestPage,
    RuleTestRunResult,
    RuleTestUpdate,
)
from app.domain.admin import Actor
from app.services.logged_tests import LoggedTests
from app.services.rule_tests import RuleTests

TestId = Annotated[int, PathParameter(description="Number of the test.")]


async def provide_tests(
    db_session: NamedDependency[AsyncSession], actor: NamedDependency[Actor]
) -> RuleTests:
    return RuleTests(db_session, actor)


async def provide_logged_tests(
    db_session: NamedDependency[AsyncSession], actor: NamedDependency[Actor]
) -> LoggedTests:
    return LoggedTests(db_session, actor)


class RuleTestController(Controller):
    path = "/models/{model:str}/tests"
    tags = ("Rules",)
    dependencies = {  # noqa: RUF012  # as Litestar declares it
        "tests": Provide(provide_tests),
        "logged_tests": Provide(provide_logged_tests),
    }

    @get(summary="List the tests of a model", responses=problems(404))
    async def list_rule_tests(
        self,
        tests: NamedDependency[RuleTests],
        model: ModelPath,
        page: PageNumber = 1,
        page_size: PageSize = 20,
    ) -> RuleTestPage:
        ran, total = await tests.page(unquote(model), page=page, page_size=page_size)
        return RuleTestPage(
            items=[RuleTest.of(test) for test in ran], total=total, page=page, page_size=page_size
        )

    @post(
        summary="Add a test to a model",
        description="A test may fail when it is stored; rules that fail it can't be saved from then on.",
        responses=problems(404, 409),
        response_headers=ETAG,
    )
    async def create_rule_test(
        self, tests: NamedDependency[RuleTests], model: ModelPath, data: JSONBody[RuleTestCreate]
    ) -> Response[RuleTest]:
        ran = await tests.create(unquote(model), data)
        return tagged(RuleTest.of(ran))

    @post(
        "/from-log",
        summary="Make a test of a logged request",
        description="The rules shall let through the targets they let through then.",
        responses=problems(404, 409),
        response_headers=ETAG,
    )
    async def create_rule_test_from_log(
        self,
        logged_tests: NamedDependency[LoggedTests],
        model: ModelPath,
        data: JSONBody[RuleTestFromLog],
    ) -> Response[RuleTest]:
        made = await logged_tests.create(unquote(model), data.request_id, data.name)
        return tagged(RuleTest.of(made.test, made.missing))

    @post("/run", summary="Run the tests of a model", status_code=200, responses=problems(404))
    async def run_rule_tests(self, tests: NamedDependency[RuleTests], model: ModelPath) -> RuleTestRunResult:
        ran = await tests.run(unquote(model))
        return RuleTestRunResult.of(ran)

    @get("/{test_id:int}", summary="Read a test", responses=problems(404), response_headers=ETAG)
    async def get_rule_test(
        self, tests: NamedDependency[RuleTests], model: ModelPath, test_id: TestId
    ) -> Response[RuleTest]:
        ran = await tests.get(unquote(model), test_id)
        return tagged(RuleTest.of(ran))

    @patch(
        "/{test_id:int}", summary="Change a test", responses=problems(404, 409, 412), response_headers=ETAG
    )
    async def update_rule_test(
        self,
        tests: NamedDependency[RuleTests],
        model: ModelPath,
        test_id: TestId,
        data: JSONBody[RuleTestUpdate],
        if_match: IfMatch = None,
    ) -> Response[RuleTest]:
        ran = await tests.update(unquote(model), test_id, data, if_match)
        return tagged(RuleTest.of(ran))

    @delete("/{test_id:int}", summary="Remove a test", responses=problems(404, 412))
    async def delete_rule_test(
        self,
        tests: NamedDependency[RuleTests],
        model: ModelPath,
        test_id: TestId,
        if_match: IfMatch = None,
    ) -> None:
        await tests.delete(unquote(model), test_id, if_match)
