"""Explaining a decision: a request through the rules, without calling a provider."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.api.admin.schemas.base import ModelName
from app.api.admin.schemas.problem import Span
from app.domain.draft import Draft
from app.domain.sample import Sample
from app.rules.trace import RuleTrace, TraceNode
from app.services.explain import Explanation, Hindrance, Outcome, Question, Turn


class RuleExplain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to explain: a request written down, or one of the log."""

    request: Annotated[Sample | None, Meta(description="The request.")] = None
    request_id: Annotated[
        Annotated[str, Meta(max_length=36)] | None,
        Meta(description="Id of a logged request, in place of `request`."),
    ] = None
    model: Annotated[ModelName | None, Meta(description="Asked for in place of the one in the body.")] = None
    configuration: Annotated[
        Literal["then", "now"],
        Meta(description="For a logged request: the configuration that served it, or the present one."),
    ] = "then"
    draft: Annotated[Draft | None, Meta(description="Changes to try; nothing is stored.")] = None

    def question(self) -> Question:
        return Question(
            sample=self.request,
            request_id=self.request_id,
            model=self.model,
            now=self.configuration == "now",
            draft=self.draft,
        )


class ExplainNode(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a rule and what it came to."""

    span: Annotated[Span, Meta(description="Where it stands in the rule.")]
    kind: Annotated[str, Meta(description="What it is: `and`, `compare`, `path` and so on.")]
    outcome: Annotated[
        str,
        Meta(description="`true`, `false`, `value`, `missing` or `not_evaluated`, as nothing asked for it."),
    ]
    value: Annotated[
        Any, Meta(description="Value of an operand; long texts are cut, lists only counted.")
    ] = None
    mismatch: Annotated[
        bool, Meta(description="A value was there, but of a type the operator does not take.")
    ] = False
    element: Annotated[
        int | None, Meta(description="For a quantifier: position of the element that decided, and is shown.")
    ] = None
    children: Annotated[list["ExplainNode"], Meta(description="Its parts, in the order of the text.")] = []

    @classmethod
    def of(cls, node: TraceNode) -> "ExplainNode":
        return cls(
            span=Span(*node.span),
            kind=node.kind,
            outcome=node.outcome,
            value=node.value,
            mismatch=node.mismatch,
            element=node.element,
            children=[cls.of(child) for child in node.children],
        )


class ExplainRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule and what it came to."""

    rule: Annotated[str, Meta(description="Its text.")]
    passed: Annotated[bool, Meta(description="It lets the request through.")]
    refused_by: Annotated[str | None, Meta(description="The first part that is false.")]
    span: Annotated[Span | None, Meta(description="Where that part stands in the rule.")]
    trace: Annotated[ExplainNode | None, Meta(description="The rule part by part; null for an empty rule.")]

    @classmethod
    def of(cls, rule: str, trace: RuleTrace) -> "ExplainRule":
        span = trace.refused_by
        return cls(
            rule=rule,
            passed=trace.passed,
            refused_by=None if span is None else rule[span[0] : span[1]],
            span=None if span is None else Span(*span),
            trace=None if trace.root is None else ExplainNode.of(trace.root),
        )


class ExplainTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One target and whether it would be tried."""

    target_id: Annotated[int, Meta(description="Number of the target.")]
    provider: Annotated[str, Meta(description="Name of its provider.")]
    target_model: Annotated[str, Meta(description="What the provider is sent as `model`.")]
    is_candidate: Annotated[bool, Meta(description="It would be tried.")]
    hindrance: Annotated[
        Hindrance | None,
        Meta(
            description="Why not: the model or the target (or its provider) is switched off, a rule refuses, or the "
            "provider speaks another protocol."
        ),
    ]
    rule: Annotated[ExplainRule, Meta(description="Its own rule.")]

    @classmethod
    def of(cls, outcome: Outcome) -> "ExplainTarget":
        target = outcome.target
        return cls(
            target_id=target.id,
            provider=target.provider,
            target_model=target.target_model,
            is_candidate=outcome.is_candidate,
            hindrance=outcome.hindrance,
            rule=ExplainRule.of(target.rule, outcome.trace),
        )


class ExplainTurn(msgspec.Struct, frozen=True, kw_only=True):
    """Candidates tried before those of the next turn."""

    target_ids: Annotated[list[int], Meta(description="Numbers of the targets.")]
    shares: Annotated[
        list[float] | None,
        Meta(description="Share of requests each is tried first for, in percent; null: the fastest lately."),
    ]

    @classmethod
    def of(cls, turn: Turn) -> "ExplainTurn":
        return cls(
            target_ids=list(turn.target_ids), shares=None if turn.shares is None else list(turn.shares)
        )


class RuleExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of the request."""

    revision: Annotated[int, Meta(description="Revision of the configuration that was asked.")]
    model: Annotated[str, Meta(description="Name of the model.")]
    strategy: Annotated[str, Meta(description="How its candidates are put in order.")]
    request: Annotated[Sample, Meta(description="The request as the rules saw it.")]
    missing: Annotated[
        list[str],
        Meta(description="What the log does not have of the request; rules took it for missing."),
    ]
    rule: Annotated[ExplainRule, Meta(description="The model's own rule.")]
    targets: Annotated[list[ExplainTarget], Meta(description="The targets in the order of the model.")]
    order: Annotated[list[ExplainTurn], Meta(description="The candidates in the order they are tried.")]

    @classmethod
    def of(cls, explanation: Explanation) -> "RuleExplanation":
        return cls(
            revision=explanation.revision,
            model=explanation.model.name,
            strategy=explanation.model.strategy,
            request=explanation.sample,
            missing=explanation.missing,
            rule=ExplainRule.of(explanation.model.rule, explanation.model_trace),
            targets=[ExplainTarget.of(outcome) for outcome in explanation.outcomes],
            order=[ExplainTurn.of(turn) for turn in explanation.turns],
        )
