"""Explains a decision without calling a provider: a request through the rules as they are, were, or are drafted."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import FieldError, ResourceNotFound, ValidationFailed
from app.domain.draft import Draft
from app.domain.model import Strategy
from app.domain.sample import Sample, SampleKey
from app.gateway.tokens import count_request
from app.protocols.endpoints import ENDPOINTS
from app.rules import engine
from app.rules.context import Facts
from app.rules.diagnostics import RuleError, Severity
from app.rules.sample import facts_of
from app.rules.trace import RuleTrace, trace
from app.services.history import Configuration, PastModel, PastTarget, configuration
from app.services.log_samples import sample_of
from app.services.resource import refuse

Lists = Mapping[str, frozenset[str]]

Hindrance = Literal["model_inactive", "inactive", "model_rule", "rule", "protocol"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one target."""

    target: PastTarget
    is_candidate: bool
    hindrance: Hindrance | None
    trace: RuleTrace


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Candidates that are tried before those of the next turn. `shares`: of the first tries, in percent; None where
    measured latencies decide."""

    target_ids: tuple[int, ...]
    shares: tuple[float, ...] | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    revision: int
    model: PastModel
    sample: Sample
    missing: list[str]
    """What the log lacks of the request."""
    model_trace: RuleTrace
    outcomes: tuple[Outcome, ...]
    turns: tuple[Turn, ...]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be explained."""

    sample: Sample | None
    request_id: str | None
    """Of a logged request, in place of a sample."""
    model: str | None
    """Asked for in place of the one in the body."""
    now: bool
    """A logged request goes through the present configuration, not the one that served it."""
    draft: Draft | None


async def explain(session: AsyncSession, question: Question) -> Explanation:
    """
    :raises ResourceNotFound: no such logged request, or no such model at that time.
    :raises ValidationFailed: no request or two, an unknown endpoint, or a faulty draft.
    """
    sample, missing, revision = await _asked(session, question)
    past = await configuration(session, revision)
    if revision is not None:
        sample, missing = _with_key(past, sample, missing)
    name = sample.body.get("model") if question.model is None else question.model
    model = past.model(name) if isinstance(name, str) else None
    if model is None:
        raise ResourceNotFound("There is no such model.")
    endpoint = ENDPOINTS.get(f"/v1/{sample.endpoint}")
    if endpoint is None:
        known = ", ".join(each.name for each in ENDPOINTS.values())
        raise _fault("/request/endpoint", "unknown_endpoint", f"Expected one of {known}.")
    if sample.body.get("model") != model.name:
        sample = msgspec.structs.replace(sample, body={**sample.body, "model": model.name})
    lists: Lists = past.lists()
    if question.draft is not None:
        model, lists = drafted(model, lists, question.draft)
    facts = facts_of(sample)
    try:
        if facts.input_tokens is None and _needs_tokens(model, lists):
            facts.input_tokens, _ = await count_request(sample.endpoint, facts.raw_body, model.name)
        return _explained(past.revision, model, lists, sample, facts, endpoint.protocol.value, missing)
    except RuleError as error:  # of a configuration that another version of the gateway has stored
        raise _fault("", "faulty_rule", f"A stored rule can't be read: {error}") from None


async def _asked(session: AsyncSession, question: Question) -> tuple[Sample, list[str], int | None]:
    """The request, what is missing of it, and the revision to ask; None is the present one."""
    if question.sample is not None and question.request_id is None:
        return question.sample, [], None
    if question.request_id is None or question.sample is not None:
        raise _fault("", "one_of", "Send either `request` or `request_id`.")
    logged = await sample_of(session, question.request_id)
    return logged.sample, logged.missing, None if question.now else logged.revision


def _with_key(past: Configuration, sample: Sample, missing: list[str]) -> tuple[Sample, list[str]]:
    """The sample with the tags and metadata its API key had then."""
    fields = past.api_key(sample.api_key.id) if sample.api_key else None
    if sample.api_key is None or fields is None:
        return sample, missing
    key = SampleKey(sample.api_key.id, sample.api_key.name, tuple(fields["tags"]), fields["labels"])
    known = {"api_key.tags", "api_key.metadata"}
    return msgspec.structs.replace(sample, api_key=key), [path for path in missing if path not in known]


def drafted(model: PastModel, lists: Lists, draft: Draft) -> tuple[PastModel, Lists]:
    """The model and the lists with the changes of a draft.

    :raises ValidationFailed: an unknown target, or a faulty rule.
    """
    lists = {**lists, **{name: frozenset(entries) for name, entries in draft.lists.items()}}
    by_id = {target.id: target for target in model.targets}
    faults: list[FieldError] = []
    for place, change in enumerate(draft.targets):
        pointer = f"/draft/targets/{place}"
        if change.id not in by_id:
            faults.append(FieldError(f"{pointer}/id", "unknown_target", "The model has no such target."))
            continue
        values = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
        by_id[change.id] = msgspec.structs.replace(by_id[change.id], **values)
        faults += _rule_faults(change.rule, lists, f"{pointer}/rule")
    faults += _rule_faults(draft.rule, lists, "/draft/rule")
    refuse(faults)
    return PastModel(
        model.name,
        model.rule if draft.rule is None else draft.rule,
        model.strategy if draft.strategy is None else draft.strategy.value,
        model.is_active,
        tuple(by_id.values()),
    ), lists


def _explained(
    revision: int,
    model: PastModel,
    lists: Lists,
    sample: Sample,
    facts: Facts,
    protocol: str,
    missing: list[str],
) -> Explanation:
    whole = trace(model.rule, facts, lists)
    outcomes = []
    for target in model.targets:
        own = trace(target.rule, facts, lists)
        hindrance = _hindrance(model, whole, target, own, protocol)
        outcomes.append(
            Outcome(target=target, is_candidate=hindrance is None, hindrance=hindrance, trace=own)
        )
    candidates = [outcome.target for outcome in outcomes if outcome.is_candidate]
    return Explanation(
        revision=revision,
        model=model,
        sample=sample,
        missing=missing,
        model_trace=whole,
        outcomes=tuple(outcomes),
        turns=tuple(_turns(Strategy(model.strategy), candidates)),
    )


def _hindrance(
    model: PastModel, whole: RuleTrace, target: PastTarget, own: RuleTrace, protocol: str
) -> Hindrance | None:
    """Why a target is no candidate; the first reason that would have to be mended."""
    if not model.is_active:
        return "model_inactive"
    if not target.is_active:
        return "inactive"
    if not whole.passed:
        return "model_rule"
    if not own.passed:
        return "rule"
    return "protocol" if target.protocol != protocol else None


def _turns(strategy: Strategy, candidates: Sequence[PastTarget]) -> list[Turn]:
    """The order of `gateway.strategy`, without its state: who comes first there depends on the requests before."""
    if not candidates:
        return []
    tiers: dict[int, list[PastTarget]] = {0: list(candidates)}
    if strategy is Strategy.PRIORITY:
        tiers = {}
        for target in sorted(candidates, key=lambda target: target.priority):
            tiers.setdefault(target.priority, []).append(target)
    turns = []
    for tier in tiers.values():
        weights = [target.weight if strategy is Strategy.WEIGHTED else 1 for target in tier]
        shares = tuple(round(100 * weight / sum(weights), 2) for weight in weights)
        known = strategy is not Strategy.LEAST_LATENCY
        turns.append(Turn(target_ids=tuple(target.id for target in tier), shares=shares if known else None))
    return turns


def _needs_tokens(model: PastModel, lists: Lists) -> bool:
    return any(engine.needs_tokens(text, lists) for text in (model.rule, *(t.rule for t in model.targets)))


def _rule_faults(rule: str | None, lists: Lists, pointer: str) -> list[FieldError]:
    return [
        FieldError(pointer, found.code, found.message, span=found.span, suggestion=found.suggestion)
        for found in engine.check(rule or "", lists)
        if found.severity is Severity.ERROR
    ]


def _fault(pointer: str, code: str, message: str) -> ValidationFailed:
    return ValidationFailed(message, errors=(FieldError(pointer, code, message),))
