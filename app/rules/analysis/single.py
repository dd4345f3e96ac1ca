"""Findings on one rule: by itself, beside the model's own, and on its parts. `joint` next door compares targets."""

from app.rules import ast as tree
from app.rules.analysis.diagrams import FALSE, TRUE
from app.rules.analysis.findings import FindingCode, FindingSeverity, Named
from app.rules.analysis.inquiry import Inquiry, Rule, name_of, rule_of
from app.rules.analysis.meanings import ALWAYS, Meaning
from app.rules.ast import Node
from app.rules.fold import folded_constants, reads_model


def alone(inquiry: Inquiry, rule: Rule) -> bool:
    """Report a rule that never or always passes. Returns whether it never does."""
    if rule.alone.seen == FALSE:
        proven = rule.alone.wide == FALSE
        severity = FindingSeverity.ERROR if proven else FindingSeverity.WARNING
        message = rule_of(rule.target)
        message += " is never true" if proven else " was true of no request that was tried"
        inquiry.add(FindingCode.NEVER_TRUE, severity, message, rule.target, proven=proven)
        return True
    if rule.alone.seen == TRUE and rule.root is not None:
        rule.always = True
        proven = rule.alone.wide == TRUE
        message = rule_of(rule.target)
        message += " is always true" if proven else " was true of every request that was tried"
        inquiry.add(FindingCode.ALWAYS_TRUE, FindingSeverity.INFO, message, rule.target, proven=proven)
    return False


def target(inquiry: Inquiry, model: Rule, named: Named, root: Node | None) -> tuple[bool, Rule | None]:
    """Look at a target's rule beside the model's own.

    Returns whether it is understood, and the rule where the target can be a candidate.
    """
    meaning = inquiry.meaning(root)
    if meaning is None:
        return False, None
    rule = Rule(named, named.rule, root, meaning, meaning)
    if alone(inquiry, rule):
        return True, None
    here = inquiry.both(inquiry.meanings.by(named.endpoints), meaning)
    candidate = None if here is None else inquiry.both(model.alone, here)
    if here is None or candidate is None:
        return False, None
    if candidate.seen == FALSE:
        _unreachable(inquiry, model, rule, here, proven=candidate.wide == FALSE)
        return True, None
    rule.candidate = candidate
    if root is not None and model.root is not None and not rule.always:
        refused = inquiry.can_be([model.alone, inquiry.meanings.negate(meaning)])
        if refused is not None and not refused[0]:
            rule.always = True
            message = f"{rule_of(named)} passes whenever the model's own rule does"
            inquiry.add(FindingCode.ALWAYS_TRUE, FindingSeverity.INFO, message, named, proven=not refused[1])
    return True, rule


def _unreachable(inquiry: Inquiry, model: Rule, rule: Rule, here: Meaning, *, proven: bool) -> None:
    message = f"{name_of(rule.target)} is never reached: its rule "
    if here.seen == FALSE:
        message += "asks for an endpoint its provider's protocol has not"
        example = inquiry.example([rule.alone], [rule])
    else:
        message += "is true only of requests the model's own rule refuses"
        example = inquiry.example([here], [rule], [model])
    inquiry.add(
        FindingCode.UNREACHABLE,
        FindingSeverity.ERROR if proven else FindingSeverity.WARNING,
        message,
        rule.target,
        proven=proven,
        example=example,
    )


def parts(inquiry: Inquiry, rule: Rule) -> None:
    """Report conditions on the model's name, and those among several that decide nothing."""
    if rule.root is None or rule.alone.seen in (FALSE, TRUE):
        return
    if reads_model(rule.root):
        for span, value in folded_constants(rule.text, inquiry.model_name, inquiry.lists):
            message = f"for this model the condition is always {'true' if value else 'false'}"
            inquiry.add(FindingCode.CONSTANT, FindingSeverity.INFO, message, rule.target, span=span)
    conjuncts = tree.conjuncts(rule.root)
    if len(conjuncts) > 1:
        for part, proven in inquiry.ask(lambda: _idle(inquiry, conjuncts)) or ():
            refuses = "refuses" if proven else "refused"
            message = f"a condition in {rule_of(rule.target)} {refuses} nothing that the others let through"
            message += "" if proven else ", as far as was tried"
            inquiry.add(
                FindingCode.IDLE, FindingSeverity.INFO, message, rule.target, proven=proven, span=part.span
            )


def _idle(inquiry: Inquiry, conjuncts: tuple[Node, ...]) -> list[tuple[Node, bool]]:
    """Conditions that could all be left out together, and whether that is proven; of two alike, the later."""
    meanings = inquiry.meanings
    each = [meanings.of(part) for part in conjuncts]
    before = [ALWAYS]
    for meaning in each:
        before.append(meanings.both(before[-1], meaning))
    found = []
    kept = ALWAYS
    for place in reversed(range(len(each))):
        others = meanings.both(before[place], kept)
        refused = meanings.both(others, meanings.negate(each[place]))
        if refused.seen == FALSE and each[place].seen != TRUE:
            found.append((conjuncts[place], refused.wide == FALSE))
        else:
            kept = meanings.both(each[place], kept)
    return found
