"""Routing: from a request to the targets that may answer it, and the trace of that decision. Pure but for facts."""

import msgspec

from app.common.errors import ModelNotFound, NoMatchingProvider
from app.domain.exchange import Verdict
from app.domain.model import Target
from app.domain.provider import Protocol
from app.domain.snapshot import Route, RoutingSnapshot
from app.rules.context import Facts

_PASSES = Verdict(None, None, True)
"""The model's own rule let the request through."""


class Plan(msgspec.Struct):
    """Candidates in stored order and why the others are none."""

    candidates: tuple[Target, ...]
    trace: list[Verdict]


def find_route(snapshot: RoutingSnapshot, model: str) -> Route:
    """:raises ModelNotFound: the model is not configured, or inactive."""
    route = snapshot.routes.get(model)
    if route is None:
        raise ModelNotFound(
            "The requested model is not configured here. GET /v1/models lists what is.", param="model"
        )
    return route


def plan(route: Route, facts: Facts, protocol: Protocol) -> Plan:
    """Ask the rules. A target whose provider speaks another protocol than the client is no candidate."""
    targets = route.model.targets
    chosen = route.rules.choose(facts)
    candidates = chosen
    for target in chosen:
        if target.provider.protocol is not protocol:
            candidates = tuple(t for t in chosen if t.provider.protocol is protocol)
            break
    if len(candidates) == len(targets):
        return Plan(candidates, [_PASSES, *(Verdict(t.id, t.provider.name, True) for t in targets)])
    trace = route.rules.explain(facts)
    by_id = {target.id: target for target in targets}
    for verdict in trace:
        if verdict.target_id is None or not verdict.passed:
            continue
        if by_id[verdict.target_id].provider.protocol is not protocol:
            verdict.passed = False
            verdict.refused_by = "protocol"
    return Plan(candidates, trace)


def refusal(route: Route, plan: Plan, protocol: Protocol) -> NoMatchingProvider:
    """The error that names each target and what refused it; rule text only, no request values."""
    reasons = []
    for verdict in plan.trace:
        if verdict.passed:
            continue
        name = "the model's own rule" if verdict.target_id is None else (verdict.provider or "?")
        if verdict.refused_by == "protocol":
            reasons.append(f"{name}: does not speak the {protocol} protocol")
        else:
            reasons.append(f"{name}: refused by `{verdict.refused_by}`")
    if not route.model.targets:
        reasons.append("it has no active target")
    return NoMatchingProvider(
        f"No provider of model '{route.model.name}' takes this request. " + "; ".join(reasons)
    )
