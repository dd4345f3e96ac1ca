"""The rule language: what is wrong with a text."""

import asyncio

from litestar import post
from litestar.controller import Controller
from litestar.params import JSONBody

from app.api.admin.schemas.problem import Span
from app.api.admin.schemas.rules import RuleCheck, RuleCheckResult, RuleDiagnostic, RuleEdit
from app.rules.diagnostics import Diagnostic, Severity
from app.rules.engine import check


class RuleController(Controller):
    path = "/rules"
    tags = ("Rules",)

    @post("/check", summary="Check a rule", description="Changes nothing.", status_code=200)
    async def check_rule(self, data: JSONBody[RuleCheck]) -> RuleCheckResult:
        found = await asyncio.to_thread(check, data.text)
        return RuleCheckResult(
            valid=not any(diagnostic.severity is Severity.ERROR for diagnostic in found),
            diagnostics=[_shape(diagnostic) for diagnostic in found],
        )


def _shape(found: Diagnostic) -> RuleDiagnostic:
    return RuleDiagnostic(
        code=found.code.value,
        severity=found.severity,
        span=Span(*found.span),
        line=found.line,
        column=found.column,
        message=found.message,
        suggestion=found.suggestion,
        edit=RuleEdit(Span(*found.edit.span), found.edit.text) if found.edit else None,
    )
