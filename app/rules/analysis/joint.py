"""Findings on the targets of a model together: pairs, what is left for those tried late, what is left for none."""

from typing import Final

from app.domain.model import Strategy
from app.rules.analysis.diagrams import FALSE
from app.rules.analysis.findings import FindingCode, FindingSeverity
from app.rules.analysis.inquiry import Inquiry, Rule, name_of
from app.rules.analysis.meanings import Meaning

MOST_OVERLAPS: Final = 20
"""Pairs shown: that targets overlap is usual, since it makes failover possible."""
_MOST_NAMES = 4


def pairs(inquiry: Inquiry, rules: list[Rule]) -> int:
    """Report targets whose rules mean the same or overlap. Returns how many overlaps were left out.

    Targets without a rule, and those whose rules always pass, overlap with all others; that is no news.
    """
    asking = [rule for rule in rules if rule.root is not None and not rule.always]
    shown = left_out = 0
    for place, rule in enumerate(asking):
        for other in asking[:place]:
            same = rule.alone.seen == other.alone.seen
            both = inquiry.both(other.candidate, rule.candidate)
            if both is None or both.seen == FALSE:
                continue
            if not same and shown >= MOST_OVERLAPS:
                left_out += 1
                continue
            shown += not same
            _pair(inquiry, other, rule, both, same=same)
    return left_out


def _pair(inquiry: Inquiry, one: Rule, other: Rule, both: Meaning, *, same: bool) -> None:
    names = f"{name_of(one.target)} and {name_of(other.target)}"
    code, proven, message = FindingCode.OVERLAP, True, f"{names} both take some requests"
    if same:
        code, proven = FindingCode.SAME_MEANING, one.alone.wide == other.alone.wide
        message = f"the rules of {names} " + (
            "mean the same" if proven else "did the same with every request that was tried"
        )
    else:
        for within, around in ((one, other), (other, one)):
            if both.seen == within.candidate.seen:
                proven = both.wide == within.candidate.wide
                takes = "takes all requests" if proven else "took all requests tried"
                message = f"{name_of(around.target)} {takes} that {name_of(within.target)} takes"
    example = inquiry.example([both], [one, other])
    if example is not None:
        inquiry.add(
            code, FindingSeverity.INFO, message, other.target, others=[one], proven=proven, example=example
        )


def shadows(inquiry: Inquiry, rules: list[Rule]) -> None:
    """Report targets that are never tried first.

    With `priority`, targets of a lower number are tried before those of a higher one, and those of one number take
    turns; so a target is shadowed when it is a candidate only together with one of a lower number. In the other
    strategies turns, weights or measured latencies decide, so that each candidate is first at times: there is no
    shadow. A target without a rule, or with the rule of one tried before it, is meant for failures: no finding.
    """
    if inquiry.strategy is not Strategy.PRIORITY:
        return
    for rule in rules:
        before = [other for other in rules if other.priority < rule.priority]
        spare = rule.root is None or any(rule.alone.seen == other.alone.seen for other in before)
        if before and not spare:
            _shadow(inquiry, rule, before)


def _shadow(inquiry: Inquiry, rule: Rule, before: list[Rule]) -> None:
    left = [rule.candidate, *(inquiry.meanings.negate(other.candidate) for other in before)]
    outcome = inquiry.can_be(left)
    if outcome is None or outcome[0]:
        return
    alone = [other for other in before if _implies(inquiry, rule.candidate, other.candidate)]
    shadowing, proven = alone[:1] or before, not outcome[1]
    names = ", ".join(name_of(other.target) for other in shadowing[:_MOST_NAMES])
    names += "" if len(shadowing) <= _MOST_NAMES else f" and {len(shadowing) - _MOST_NAMES} more"
    message = f"{name_of(rule.target)} is never tried first: what it takes "
    message += f"is taken before by {names}" if proven else f"was, whenever tried, taken before by {names}"
    inquiry.add(
        FindingCode.SHADOWED,
        FindingSeverity.WARNING,
        message,
        rule.target,
        others=shadowing,
        proven=proven,
        example=inquiry.example([rule.candidate], [rule]),
    )


def _implies(inquiry: Inquiry, one: Meaning, other: Meaning) -> bool:
    both = inquiry.both(one, other)
    return both is not None and both.seen == one.seen


def gap(inquiry: Inquiry, model: Rule, rules: list[Rule]) -> None:
    """Report requests the model is offered for and no target takes."""
    left = [model.alone, *(inquiry.meanings.negate(rule.candidate) for rule in rules)]
    example = inquiry.example(left, [model])
    if example is None:
        return
    sample, proper = example
    # Of all targets: a rule that no request tried has passed may pass this one.
    here = [root for target, root in inquiry.targets if sample.endpoint in target.endpoints]
    if any(inquiry.meanings.passes(root, sample) for root in here):
        return
    kind = "requests for the model" if proper else "requests whose fields have wrong types"
    inquiry.add(
        FindingCode.GAP,
        FindingSeverity.WARNING if proper else FindingSeverity.INFO,
        f"no target takes some {kind}, such as this one",
        None,
        example=example,
    )
