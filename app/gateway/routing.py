"""Routing: from a request to the targets that may answer it, and the trace of that decision. Pure but for facts."""

from typing import Final

import msgspec

from app.common.errors import ModelNotFound, NoMatchingProvider
from app.domain.attempt import Verdict
from app.domain.model import Model, Target
from app.domain.provider import Protocol
from app.domain.snapshot import Route, RoutingSnapshot
from app.rules.context import Facts

_MAX_KEPT: Final = 4096
"""Models whose usual plan is kept."""
_PASSES: Final = Verdict(None, None, True)
"""The model's own rule let the request through."""


class Plan(msgspec.Struct, frozen=True):
    """Candidates in stored order and why the others are none."""

    candidates: tuple[Target, ...]
    trace: list[Verdict]
    """Not to be changed: requests share it."""


def find_route(snapshot: RoutingSnapshot, model: str) -> Route:
    """:raises ModelNotFound: the model is not configured, or inactive."""
    route = snapshot.routes.get(model)
    if route is None:
        raise ModelNotFound(
            "The requested model is not configured here. GET /v1/models lists what is.", param="model"
        )
    return route


class Planner:
    """Asks the rules; keeps the plan of the usual case, which is the same for all requests to a model: no target is
    refused, and all of them speak the client's protocol."""

    def __init__(self) -> None:
        self._usual: dict[tuple[int, Protocol], tuple[Model, Plan]] = {}

    def plan(self, route: Route, facts: Facts, protocol: Protocol) -> Plan:
        """Ask the rules. A target whose provider speaks another protocol than the client is no candidate."""
        model = route.model
        chosen = route.rules.choose(facts)
        is_usual = len(chosen) == len(model.targets)
        if is_usual:
            usual = self._usual.get((model.id, protocol))
            if usual is not None and usual[0] is model:
                return usual[1]
        candidates = chosen
        for target in chosen:
            if target.provider.protocol is not protocol:
                candidates = tuple(t for t in chosen if t.provider.protocol is protocol)
                break
        if is_usual and candidates is chosen:
            if len(self._usual) >= _MAX_KEPT:
                self._usual.clear()  # models that are gone are in there, too
            plan = Plan(chosen, [_PASSES, *(Verdict(t.id, t.provider.name, True) for t in chosen)])
            self._usual[model.id, protocol] = (model, plan)
            return plan
        trace = route.rules.explain(facts)
        if chosen and candidates is chosen:  # all that pass speak the protocol
            return Plan(candidates, trace)
        strangers = {target.id for target in model.targets if target.provider.protocol is not protocol}
        return Plan(candidates, [_of_protocol(verdict, strangers) for verdict in trace])


def _of_protocol(verdict: Verdict, strangers: set[int]) -> Verdict:
    """The verdict, or where its target passes and speaks another protocol, one that says so."""
    if verdict.passed and verdict.target_id in strangers:
        return msgspec.structs.replace(verdict, passed=False, refused_by="protocol")
    return verdict


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
