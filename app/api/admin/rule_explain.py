"""Explaining a decision without calling a provider."""

from litestar import post
from litestar.controller import Controller
from litestar.di import NamedDependency
from litestar.params import JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.problem import problems
from app.api.admin.schemas.rule_explain import RuleExplain, RuleExplanation
from app.services.explain import explain


class RuleExplainController(Controller):
    path = "/rules"
    tags = ("Rules",)

    @post(
        "/explain",
        summary="Explain a decision",
        description="Puts a request through the rules of its model, calls no provider and changes nothing: which "
        "targets would be tried, in which order, and why not the others.",
        status_code=200,
        responses=problems(404),
    )
    async def explain_rules(
        self, db_session: NamedDependency[AsyncSession], data: JSONBody[RuleExplain]
    ) -> RuleExplanation:
        explanation = await explain(db_session, data.question())
        return RuleExplanation.of(explanation)
