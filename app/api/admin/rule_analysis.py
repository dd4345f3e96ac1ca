"""Analysis across the rules of a model."""

from litestar import post
from litestar.controller import Controller
from litestar.di import NamedDependency
from litestar.params import JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.problem import problems
from app.api.admin.schemas.rule_analysis import RuleAnalyse, RuleAnalysis
from app.services.rule_analysis import analyse_model


class RuleAnalysisController(Controller):
    path = "/rules"
    tags = ("Rules",)

    @post(
        "/analyse",
        summary="Analyse the rules of a model",
        description="Finds rules that never or always pass, targets that are never reached or never tried first, rules "
        "that mean the same or overlap, and requests no target takes; each with an example request where there is one. "
        "Looks at active targets only. Changes nothing.",
        status_code=200,
        responses=problems(404),
    )
    async def analyse_rules(
        self, db_session: NamedDependency[AsyncSession], data: JSONBody[RuleAnalyse]
    ) -> RuleAnalysis:
        made = await analyse_model(db_session, data.model, data.draft)
        return RuleAnalysis.of(made)
