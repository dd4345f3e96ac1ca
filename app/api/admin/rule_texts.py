"""Other ways to write rules: canonical form, words, rows of a form, JSON, the notations of other gateways."""

from litestar import post
from litestar.controller import Controller
from litestar.params import JSONBody

from app.api.admin.schemas.rule_texts import RuleConversion, RuleConvert, RuleFormat, RuleFormatted
from app.services.rule_texts import convert_text, format_text


class RuleTextController(Controller):
    path = "/rules"
    tags = ("Rules",)

    @post(
        "/format",
        summary="Format a rule",
        description="The canonical form of a rule, what it says in words, and what a form draws. Types are not looked "
        "at. Changes nothing.",
        status_code=200,
    )
    async def format_rule(self, data: JSONBody[RuleFormat]) -> RuleFormatted:
        found = await format_text(data.text)
        return RuleFormatted.of(found)

    @post(
        "/convert",
        summary="Convert rules",
        description="Rules of the notation of another gateway, or a rule as JSON, with a report of what could not be "
        "mapped. Changes nothing.",
        status_code=200,
    )
    async def convert_rules(self, data: JSONBody[RuleConvert]) -> RuleConversion:
        found = await convert_text(data.notation, data.source)
        return RuleConversion.of(found)
