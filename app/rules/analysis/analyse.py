"""Analysis across the rules of one model: what can never happen, what always does, what is left over.

`meanings` next door has the method, `findings` what goes in and comes out.
"""

from collections.abc import Mapping, Sequence

from app.domain.model import Strategy
from app.rules.analysis import joint, single
from app.rules.analysis.findings import Analysis, FindingSeverity, Named
from app.rules.analysis.inquiry import Inquiry, Rule
from app.rules.analysis.meanings import ALWAYS
from app.rules.limits import MAX_RULES

_ORDER = {severity: place for place, severity in enumerate(FindingSeverity)}


def analyse(
    model_name: str,
    model_rule: str,
    targets: Sequence[Named],
    lists: Mapping[str, frozenset[str]],
    strategy: Strategy = Strategy.ROUND_ROBIN,
) -> Analysis:
    """Everything worth knowing of the rules of a model. Never raises; time and memory are bounded.

    Requests are those the gateway would ask these rules about: for this model, with an API key, by an endpoint that
    some target's provider speaks. The order of targets and their priorities matter to `priority` alone (`joint`).
    """
    inquiry = Inquiry(model_name, model_rule, targets[: MAX_RULES - 1], lists, strategy)
    inquiry.complete = inquiry.complete and len(targets) < MAX_RULES
    own = inquiry.meaning(inquiry.root)
    model = Rule(None, model_rule, inquiry.root, own or ALWAYS, own or ALWAYS)
    left_out = 0
    if inquiry.valid and own is not None and not single.alone(inquiry, model):
        looked_at = [single.target(inquiry, model, named, root) for named, root in inquiry.targets]
        rules = [rule for _, rule in looked_at if rule is not None]
        left_out = joint.pairs(inquiry, rules)
        joint.shadows(inquiry, rules)
        if all(understood for understood, _ in looked_at):
            joint.gap(inquiry, model, rules)
        for rule in (model, *rules):
            single.parts(inquiry, rule)
    found = sorted(inquiry.found, key=lambda finding: _ORDER[finding.severity])
    return Analysis(tuple(found), inquiry.complete, left_out)
