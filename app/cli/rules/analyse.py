"""`llm-gateway rules analyse`: what the rules of a model come to together."""

import asyncio
from collections.abc import Iterator, Sequence

import msgspec

from app.api.admin.schemas.rule_analysis import RuleAnalysis
from app.cli.database import opened
from app.cli.rules.output import Colour, colour, print_json
from app.config import load
from app.domain.draft import Draft, DraftTarget
from app.rules.analysis.findings import Finding, FindingSeverity, Proof
from app.services.rule_analysis import ModelAnalysis, analyse_model

_COLOURS: dict[FindingSeverity, Colour] = {
    FindingSeverity.ERROR: "red",
    FindingSeverity.WARNING: "yellow",
    FindingSeverity.INFO: "blue",
}


def analyse_command(
    model: str, rule: str | None, targets: Sequence[tuple[int, str]], *, as_json: bool
) -> int:
    """Print the findings on a model, with the changes given.

    :returns: 1 where one of them is an error or a warning.
    """
    changes = tuple(DraftTarget(id=number, rule=text) for number, text in targets)
    draft = Draft(rule=rule, targets=changes) if rule is not None or changes else None
    made = asyncio.run(_analyse(model, draft))
    if as_json:
        print_json(RuleAnalysis.of(made))
    else:
        print("\n".join(_lines(made)))
    return 1 if any(found.severity is not FindingSeverity.INFO for found in made.analysis.findings) else 0


async def _analyse(model: str, draft: Draft | None) -> ModelAnalysis:
    async with opened(load()) as (database, _), database.read() as session:
        return await analyse_model(session, model, draft)


def _lines(made: ModelAnalysis) -> Iterator[str]:
    texts: dict[int | None, str] = {target.id: target.rule for target in made.model.targets}
    texts[None] = made.model.rule
    for found in made.analysis.findings:
        yield from _finding(found, texts[found.target_id])
    if made.analysis.overlaps_left_out:
        yield f"{made.analysis.overlaps_left_out} more pairs of targets overlap."
    if not made.analysis.complete:
        yield "The rules are too many or too large for every question; some were left open."
    if not made.analysis.findings:
        yield "Nothing to remark."


def _finding(found: Finding, text: str) -> Iterator[str]:
    head = colour(f"{found.severity}: {found.code}", _COLOURS[found.severity])
    proof = " (not proven)" if found.proof is Proof.NOT_FOUND else ""
    yield f"{head}{proof} {found.message}"
    if found.span is not None:
        yield f"  condition: {_line(text[slice(*found.span)])}"
    elif found.target_id is not None and text:
        yield f"  rule: {_line(text)}"
    if found.example is not None:
        shown = msgspec.to_builtins(found.example)
        fields = {"endpoint": found.example.endpoint, **shown}
        yield "  example: " + _line(msgspec.json.encode(fields).decode())


def _line(text: str) -> str:
    """On one line, without what a terminal would obey."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())
