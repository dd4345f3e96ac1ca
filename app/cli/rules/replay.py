"""`llm-gateway rules replay`: drafted rules over logged requests, for people, for scripts, and for a gateway's API."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.cli.rules.output import colour, print_json
from app.cli.rules.source import read_yaml
from app.common.errors import ValidationFailed
from app.config import load
from app.db.session import Database
from app.domain.draft import Draft, DraftTarget
from app.domain.replay import (
    ReplayChange,
    ReplayLatency,
    ReplayQuestion,
    ReplayResult,
    ReplayTargetRef,
    ReplayTargetResult,
)
from app.services.migrations import SchemaError, is_current
from app.services.replays import replay

_NICENESS = 10
"""Of a process that works for a gateway: requests go first."""


def replay_command(
    model: str,
    rule: str | None,
    targets: Sequence[tuple[int, str]],
    file: Path | None,
    last: int,
    log_filter: str,
    *,
    as_json: bool,
) -> int:
    """Print what the draft would have done.

    :param targets: rules by the number of a target.
    :param file: YAML with a `domain.draft.Draft`; what else is given comes on top.
    :returns: 1 where the draft or the filter is at fault.
    """
    draft = Draft() if file is None else read_yaml(file, Draft)
    if rule is not None:
        draft = msgspec.structs.replace(draft, rule=rule)
    if targets:
        changed = {target_id for target_id, _ in targets}
        kept = [target for target in draft.targets if target.id not in changed]
        new = [DraftTarget(id=target_id, rule=text) for target_id, text in targets]
        draft = msgspec.structs.replace(draft, targets=(*kept, *new))
    question = ReplayQuestion(model=model, draft=draft, last=last, filter=log_filter)
    try:
        result = asyncio.run(_result(question))
    except ValidationFailed as error:
        for fault in error.errors:
            print(
                f"{fault.pointer}: {fault.message}" + (f" ({fault.suggestion})" if fault.suggestion else "")
            )
        return 1
    if as_json:
        print_json(result)
    else:
        print("\n".join(_lines(result)))
    return 0


def replay_lines() -> int:
    """Answer the question on standard input with lines of JSON: progress, then the result or why there is none."""
    os.nice(_NICENESS)
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=ReplayQuestion)
    return asyncio.run(_stream(question))


async def _stream(question: ReplayQuestion) -> int:
    database = Database(load().database_url)
    try:
        async for step in replay(database, question):
            sys.stdout.buffer.write(msgspec.json.encode(step) + b"\n")
            sys.stdout.buffer.flush()
    finally:
        await database.aclose()
    return 0


async def _result(question: ReplayQuestion) -> ReplayResult:
    settings = load()
    if not await is_current(settings):
        raise SchemaError("The database is one of an older version: run `llm-gateway migrate`.")
    database = Database(settings.database_url)
    on_terminal = sys.stderr.isatty()
    try:
        async for step in replay(database, question):
            if isinstance(step, ReplayResult):
                return step
            if on_terminal:
                print(f"\r{step.done:,} of {step.total:,} requests", end="", file=sys.stderr, flush=True)
    finally:
        if on_terminal:
            print(file=sys.stderr)
        await database.aclose()
    raise AssertionError("a replay ends with its result")


def _lines(result: ReplayResult) -> list[str]:
    lines = [
        f"{result.requests:,} requests of {result.model}, {result.evaluated:,} evaluated: "
        f"{result.unchanged:,} as before, {result.changed:,} changed"
    ]
    for change in result.changes:
        lines += _change(change)
    if result.targets:
        lines.append("")
        width = max(len(_name(target)) for target in result.targets)
        lines += [
            f"{_name(target):<{width}}  candidate for {target.before:,} -> {target.after:,} "
            f"(+{target.gained:,} -{target.lost:,})  {_latency(target.latency)}"
            for target in result.targets
        ]
    if result.not_evaluated:
        lines += ["", f"{result.not_evaluated:,} could not be evaluated. The log does not have of them:"]
        lines += [f"  {gap.path} ({gap.count:,})" for gap in result.gaps]
    if result.approximate:
        lines += [
            "",
            f"{result.approximate:,} were evaluated with input tokens as the provider reported them.",
        ]
    return [*lines, *(["", *result.notes] if result.notes else [])]


def _change(change: ReplayChange) -> list[str]:
    before, after = _name(change.before), _name(change.after)
    if change.before == change.after:
        head = f"{before}: other candidates behind it"
    else:
        head = f"{before} -> {colour(after, 'red') if change.after is None else after}"
    lines = ["", f"{change.count:>9,}  {head}"]
    if change.before is not None and change.after is not None and change.before != change.after:
        lines.append(f"           takes {_latency(change.latency, signed=True)}")
    for refusal in change.refusals:
        whose = "the model's rule" if refusal.target is None else _name(refusal.target)
        lines.append(f"           {refusal.count:,} refused by {whose}: {refusal.refused_by}")
    return [*lines, f"           for example {', '.join(change.samples)}"]


def _name(target: ReplayTargetRef | ReplayTargetResult | None) -> str:
    return "none" if target is None else f"{target.provider} #{target.target_id}"


def _latency(found: ReplayLatency | None, *, signed: bool = False) -> str:
    if found is None:
        return "no traffic to compare" if signed else "no traffic"
    sign = "+" if signed else ""
    text = f"{found.total_ms_median:{sign},} ms (p95 {found.total_ms_p95:{sign},})"
    if found.first_byte_ms_median is None:
        return text
    return (
        f"{text}, first byte {found.first_byte_ms_median:{sign},} ms (p95 {found.first_byte_ms_p95:{sign},})"
    )
