"""Tests kept with the rules of a model, in the admin API."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.api.admin.schemas.base import Page, Resource
from app.api.admin.schemas.problem import Span
from app.domain.sample import Sample
from app.rules.rule_test import Expect, Outcome, Refusal
from app.services.resource import etag
from app.services.rule_proof import read_expect, read_sample
from app.services.rule_tests import RanTest

TestName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?(?![\s\S])",
        description="Name, unique under the model; no control characters, no space at its ends.",
    ),
]
Request = Annotated[
    Sample,
    Meta(description="The request. It asks for the model of the test, whose name its body may leave out."),
]
Expected = Annotated[
    Expect, Meta(description="What the rules shall make of it, of all targets, active or not.")
]


class RuleTestRefusal(msgspec.Struct, frozen=True):
    """A rule that did not let the request pass."""

    target: Annotated[str | None, Meta(description="Name of the target; null: the model's own rule.")]
    target_id: Annotated[int | None, Meta(description="Number of the target.")]
    refused_by: Annotated[str, Meta(description="The first part of the rule that is false.")]
    span: Annotated[Span, Meta(description="Where that part stands in the rule.")]

    @classmethod
    def of(cls, refusal: Refusal) -> "RuleTestRefusal":
        return cls(refusal.target, refusal.target_id, refusal.refused_by, Span(*refusal.span))


class RuleTestResult(msgspec.Struct, frozen=True):
    """What comes of a test with the rules as they are."""

    passed: Annotated[bool, Meta(description="It came as expected.")]
    candidates: Annotated[list[str], Meta(description="Targets that take the request, in the model's order.")]
    refusals: Annotated[list[RuleTestRefusal], Meta(description="Rules that refuse it.")]
    unknown: Annotated[list[str], Meta(description="Expected names that no target of the model has.")]
    message: Annotated[
        str, Meta(description="What was expected and what came; empty for a test that passes.")
    ]

    @classmethod
    def of(cls, outcome: Outcome) -> "RuleTestResult":
        return cls(
            outcome.passed,
            list(outcome.candidates),
            [RuleTestRefusal.of(refusal) for refusal in outcome.refusals],
            list(outcome.unknown),
            outcome.message,
        )


class RuleTest(Resource, frozen=True, kw_only=True):
    """A request, what the rules of a model shall make of it, and what they do."""

    name: TestName
    request: Request
    expect: Expected
    result: Annotated[RuleTestResult, Meta(description="What comes of it now.")]
    missing: Annotated[
        list[str],
        Meta(description="When just made from the log: parts of the request the log does not have."),
    ]

    @classmethod
    def of(cls, ran: RanTest, missing: list[str] | None = None) -> "RuleTest":
        row, outcome = ran
        return cls(
            id=row.id,
            created_at=row.created_at,
            updated_at=row.updated_at,
            etag=etag(row),
            name=row.name,
            request=read_sample(row.request),
            expect=read_expect(row.expect),
            result=RuleTestResult.of(outcome),
            missing=missing or [],
        )


class RuleTestCreate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test to be stored."""

    name: TestName
    request: Request
    expect: Expected


class RuleTestUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a test. What is absent stays; what is there takes the whole place of the old."""

    name: TestName | UnsetType = UNSET
    request: Request | UnsetType = UNSET
    expect: Expected | UnsetType = UNSET


class RuleTestFromLog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A logged request to make a test of."""

    request_id: Annotated[str, Meta(min_length=1, max_length=36, description="Id of the request in the log.")]
    name: Annotated[TestName | None, Meta(description="Name of the test; null: made of the id.")] = None


class RuleTestPage(Page, frozen=True, kw_only=True):
    """One page of the tests of a model."""

    items: Annotated[list[RuleTest], Meta(description="Tests in the order they were made.")]


class RuleTestRun(msgspec.Struct, frozen=True):
    """One test of a run."""

    id: Annotated[int, Meta(description="Number of the test.")]
    name: Annotated[str, Meta(description="Name of the test.")]
    result: Annotated[RuleTestResult, Meta(description="What came of it.")]


class RuleTestRunResult(msgspec.Struct, frozen=True):
    """All tests of a model."""

    passed: Annotated[int, Meta(description="How many passed.")]
    failed: Annotated[int, Meta(description="How many failed.")]
    tests: Annotated[list[RuleTestRun], Meta(description="Tests in the order they were made.")]

    @classmethod
    def of(cls, ran: list[RanTest]) -> "RuleTestRunResult":
        passed = sum(outcome.passed for _, outcome in ran)
        tests = [RuleTestRun(row.id, row.name, RuleTestResult.of(outcome)) for row, outcome in ran]
        return cls(passed, len(ran) - passed, tests)
