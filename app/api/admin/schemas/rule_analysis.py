"""Analysis across the rules of a model."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.api.admin.schemas.base import ModelName
from app.api.admin.schemas.problem import Span
from app.domain.draft import Draft
from app.domain.sample import Sample
from app.rules.analysis.findings import Finding, FindingCode, FindingSeverity, Proof
from app.services.rule_analysis import ModelAnalysis


class RuleAnalyse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to analyse."""

    model: ModelName
    draft: Annotated[Draft | None, Meta(description="Changes to try; nothing is stored.")] = None


class RuleFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding."""

    code: Annotated[
        FindingCode,
        Meta(
            description="`never_true`, `always_true`: of a rule. `constant`: a condition on the model's own name. "
            "`idle`: a condition that refuses nothing the others let through. `unreachable`: what a target's rule "
            "asks for, the model's own rule refuses. `shadowed`: with the strategy `priority`, a target that is never "
            "tried first, though its rule is not that of an earlier one. `same_meaning`, `overlap`: of two targets. "
            "`gap`: requests no target takes. `invalid`: no rule, left out of the rest."
        ),
    ]
    severity: Annotated[
        FindingSeverity,
        Meta(description="`error` can hardly be meant, `warning` may be, `info` is for reading."),
    ]
    proof: Annotated[
        Proof,
        Meta(
            description="`proven`: by the example, or for all requests there can be. `not_found`: none of the "
            "requests tried says otherwise; some other may."
        ),
    ]
    message: Annotated[str, Meta(description="The finding in one sentence.")]
    target_id: Annotated[
        int | None,
        Meta(description="Number of the target; null: the model's own rule, or the model as a whole."),
    ]
    other_ids: Annotated[list[int], Meta(description="Numbers of other targets it is about.")]
    span: Annotated[
        Span | None, Meta(description="The piece of that rule it is about; null: the whole, or no rule.")
    ]
    example: Annotated[
        Sample | None, Meta(description="A request that shows it; fields left out don't matter.")
    ]

    @classmethod
    def of(cls, found: Finding) -> "RuleFinding":
        return cls(
            code=found.code,
            severity=found.severity,
            proof=found.proof,
            message=found.message,
            target_id=found.target_id,
            other_ids=list(found.other_ids),
            span=None if found.span is None else Span(*found.span),
            example=found.example,
        )


class RuleAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules of a model come to together."""

    model: ModelName
    revision: Annotated[int, Meta(description="Revision of the configuration that was read.")]
    findings: Annotated[list[RuleFinding], Meta(description="The worst first.")]
    complete: Annotated[
        bool,
        Meta(
            description="False: the rules are too many or too large for every question; what was left open gave no "
            "finding."
        ),
    ]
    overlaps_left_out: Annotated[
        int, Meta(description="Pairs of targets that overlap, beyond those among the findings.")
    ]

    @classmethod
    def of(cls, made: ModelAnalysis) -> "RuleAnalysis":
        return cls(
            model=made.model.name,
            revision=made.revision,
            findings=[RuleFinding.of(finding) for finding in made.analysis.findings],
            complete=made.analysis.complete,
            overlaps_left_out=made.analysis.overlaps_left_out,
        )
