"""`llm-gateway rules explain`: what becomes of a request, and why."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from app.api.admin.schemas.rule_explain import ExplainNode, ExplainRule, RuleExplanation
from app.cli.database import opened
from app.cli.rules.output import Colour, colour, print_json
from app.cli.rules.source import read_yaml
from app.config import load
from app.domain.draft import Draft, DraftTarget
from app.domain.sample import Sample
from app.services.explain import Question, explain

_MARKS: dict[str, tuple[str, Colour]] = {
    "true": ("+", "green"),
    "false": ("-", "red"),
    "value": ("=", "blue"),
    "missing": ("?", "yellow"),
    "not_evaluated": (" ", "grey"),
}


def explain_command(
    model: str | None,
    request: Path | None,
    request_id: str | None,
    rule: str | None,
    targets: Sequence[tuple[int, str]],
    *,
    now: bool,
    as_json: bool,
) -> int:
    """Print the decision on a request.

    :param request: YAML or JSON file with a `domain.sample.Sample`.
    :returns: 1 where no target takes the request.
    """
    sample = None if request is None else read_yaml(request, Sample)
    changes = tuple(DraftTarget(id=number, rule=text) for number, text in targets)
    draft = Draft(rule=rule, targets=changes) if rule is not None or changes else None
    question = Question(sample=sample, request_id=request_id, model=model, now=now, draft=draft)
    found = asyncio.run(_explain(question))
    if as_json:
        print_json(found)
    else:
        print("\n".join(_lines(found)))
    return 0 if found.order else 1


async def _explain(question: Question) -> RuleExplanation:
    async with opened(load()) as (database, _), database.read() as session:
        return RuleExplanation.of(await explain(session, question))


def _lines(found: RuleExplanation) -> Iterator[str]:
    yield f"{found.model} at revision {found.revision}"
    if found.missing:
        yield f"The log does not have of this request: {', '.join(found.missing)}"
    if found.rule.trace is not None:
        yield from ["", "the model's rule", *_rule(found.rule)]
    for target in found.targets:
        taken = colour("takes it", "green") if target.is_candidate else colour("does not take it", "red")
        why = f" ({target.hindrance.replace('_', ' ')})" if target.hindrance else ""
        yield from ["", f"{target.provider} #{target.target_id} {taken}{why}", *_rule(target.rule)]
    names = {target.target_id: f"{target.provider} #{target.target_id}" for target in found.targets}
    turns = [" or ".join(names[number] for number in turn.target_ids) for turn in found.order]
    yield from [
        "",
        f"tried: {', then '.join(turns)}" if turns else "No target takes it: the client gets 422.",
    ]


def _rule(rule: ExplainRule) -> Iterator[str]:
    if rule.trace is not None:
        yield from _node(rule.rule, rule.trace, 1)


def _node(text: str, node: ExplainNode, depth: int) -> Iterator[str]:
    mark, tint = _MARKS[node.outcome]
    source = " ".join(text[node.span.start : node.span.end].split())
    value = (
        ""
        if node.outcome != "value" or node.kind == "const"
        else f" = {msgspec.json.encode(node.value).decode()}"
    )
    note = " (of another type)" if node.mismatch else ""
    yield f"{'  ' * depth}{colour(mark, tint)} {source}{value}{note}"
    for child in node.children:
        if child.kind != "const":
            yield from _node(text, child, depth + 1)
