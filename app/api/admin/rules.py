"""The text of a rule, while it is written: check, completion, hover."""

from litestar import post
from litestar.controller import Controller
from litestar.di import NamedDependency
from litestar.params import JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.rules import (
    RuleCheck,
    RuleCheckResult,
    RuleCompletions,
    RuleHover,
    RulePlace,
)
from app.services.rule_editor import complete_text, hover_text, read_text


class RuleController(Controller):
    path = "/rules"
    tags = ("Rules",)

    @post(
        "/check",
        summary="Check a rule",
        description="What is wrong with a text and what it says: everything an editor shows. Changes nothing.",
        status_code=200,
    )
    async def check_rule(
        self, db_session: NamedDependency[AsyncSession], data: JSONBody[RuleCheck]
    ) -> RuleCheckResult:
        reading = await read_text(db_session, data.text, data.vocabulary, data.model)
        return RuleCheckResult.of(reading)

    @post(
        "/complete",
        summary="Complete a rule",
        description="What can be written at the cursor: the tokens that fit there, joined with fields, named lists, "
        "and names and values seen in traffic. Changes nothing.",
        status_code=200,
    )
    async def complete_rule(
        self, db_session: NamedDependency[AsyncSession], data: JSONBody[RulePlace]
    ) -> RuleCompletions:
        found = await complete_text(db_session, data.text, data.cursor, data.vocabulary)
        return RuleCompletions.of(found)

    @post(
        "/hover",
        summary="Explain a word of a rule",
        description="Type and meaning of the field, function or operator at a character. Changes nothing.",
        status_code=200,
    )
    async def hover_rule(self, data: JSONBody[RulePlace]) -> RuleHover:
        found = await hover_text(data.text, data.cursor, data.vocabulary)
        return RuleHover.of(found)
