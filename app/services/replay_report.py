"""What came out of a replay, in figures and sentences."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate

import msgspec

from app.domain.replay import (
    ReplayChange,
    ReplayGap,
    ReplayLatency,
    ReplayRefusal,
    ReplayResult,
    ReplaySpan,
    ReplayTargetRef,
    ReplayTargetResult,
)
from app.rules.replay import Change, Replay, RuleSide

_Refs = Mapping[int, ReplayTargetRef]
_Figures = Mapping[int, ReplayLatency]


class Latencies:
    """Times of one target's answers, in milliseconds. Memory grows with how different they are, not with their number:
    three digits are kept.
    """

    def __init__(self) -> None:
        self._total: Counter[int] = Counter()
        self._first_byte: Counter[int] = Counter()

    def add(self, total: int, first_byte: int | None) -> None:
        self._total[_rounded(total)] += 1
        if first_byte is not None:
            self._first_byte[_rounded(first_byte)] += 1

    def figures(self) -> ReplayLatency:
        """Of one answer at least."""
        return ReplayLatency(
            requests=self._total.total(),
            total_ms_median=_quantile(self._total, 0.5),
            total_ms_p95=_quantile(self._total, 0.95),
            first_byte_ms_median=_quantile(self._first_byte, 0.5) if self._first_byte else None,
            first_byte_ms_p95=_quantile(self._first_byte, 0.95) if self._first_byte else None,
        )


class Window(msgspec.Struct):
    """The requests a replay has read, beside their rules."""

    requests: int = 0
    oldest: int | None = None
    """Milliseconds since the epoch, like `newest`."""
    newest: int | None = None
    latencies: dict[int, Latencies] = {}
    """Of successful answers, by target."""
    gone: Counter[str] = msgspec.field(default_factory=Counter)
    """Requests answered by targets that do not take part any more, by provider."""

    def measure(self, target_id: int, total: int, first_byte: int | None) -> None:
        found = self.latencies.get(target_id)
        if found is None:
            found = self.latencies[target_id] = Latencies()
        found.add(total, first_byte)


def report(
    model: str, live: RuleSide, draft: RuleSide, counts: Replay, window: Window, notes: Sequence[str]
) -> ReplayResult:
    """The whole result."""
    refs = {each.id: ReplayTargetRef(each.id, each.provider) for each in (*live.targets, *draft.targets)}
    figures = {target_id: found.figures() for target_id, found in window.latencies.items()}
    changes = sorted(counts.changes.items(), key=lambda item: -item[1].count)
    return ReplayResult(
        model=model,
        requests=window.requests,
        first_time=_time(window.oldest),
        last_time=_time(window.newest),
        evaluated=counts.evaluated,
        unchanged=counts.unchanged,
        changed=counts.evaluated - counts.unchanged,
        approximate=counts.approximate,
        changes=[_change(place, change, refs, figures) for place, change in changes],
        targets=_targets(refs, counts, figures),
        not_evaluated=window.requests - counts.evaluated,
        gaps=[ReplayGap(path=path, count=count) for path, count in counts.gaps.most_common()],
        notes=[*notes, *_notes(counts, window)],
    )


def _change(
    place: tuple[int | None, int | None], change: Change, refs: _Refs, figures: _Figures
) -> ReplayChange:
    before, after = place
    return ReplayChange(
        before=None if before is None else refs[before],
        after=None if after is None else refs[after],
        count=change.count,
        samples=change.samples,
        latency=None
        if before is None or after is None
        else _difference(figures.get(before), figures.get(after)),
        refusals=[
            ReplayRefusal(
                target=None if found.target_id is None else refs[found.target_id],
                refused_by=found.refused_by,
                span=None if found.span is None else ReplaySpan(*found.span),
                count=count,
            )
            for found, count in change.refusals.most_common()
        ],
    )


def _difference(before: ReplayLatency | None, after: ReplayLatency | None) -> ReplayLatency | None:
    if before is None or after is None:
        return None
    return ReplayLatency(
        requests=min(before.requests, after.requests),
        total_ms_median=after.total_ms_median - before.total_ms_median,
        total_ms_p95=after.total_ms_p95 - before.total_ms_p95,
        first_byte_ms_median=_minus(after.first_byte_ms_median, before.first_byte_ms_median),
        first_byte_ms_p95=_minus(after.first_byte_ms_p95, before.first_byte_ms_p95),
    )


def _minus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one - other


def _targets(refs: _Refs, counts: Replay, figures: _Figures) -> list[ReplayTargetResult]:
    before: Counter[int] = Counter()
    after: Counter[int] = Counter()
    gained: Counter[int] = Counter()
    lost: Counter[int] = Counter()
    for (old, new), count in counts.outcomes.items():
        for found, targets in (
            (before, {*old}),
            (after, {*new}),
            (gained, {*new}.difference(old)),
            (lost, {*old}.difference(new)),
        ):
            for target_id in targets:
                found[target_id] += count
    return [
        ReplayTargetResult(
            target_id=ref.target_id,
            provider=ref.provider,
            before=before[target_id],
            after=after[target_id],
            gained=gained[target_id],
            lost=lost[target_id],
            latency=figures.get(target_id),
        )
        for target_id, ref in refs.items()
    ]


def _notes(counts: Replay, window: Window) -> list[str]:
    notes = []
    if counts.gone_keys:
        notes.append(f"{counts.gone_keys} requests came with API keys that are gone; their tags are unknown.")
    for provider, count in window.gone.most_common():
        notes.append(
            f"{count} requests were answered by a target of {provider} that is gone or switched off."
        )
    if counts.changes:
        notes.append(
            "Where requests go is the first candidate in stored order; a strategy may choose another."
        )
    return notes


def _rounded(milliseconds: int) -> int:
    """To three digits."""
    return milliseconds if milliseconds < 1000 else round(milliseconds, 3 - len(str(milliseconds)))


def _quantile(times: Counter[int], part: float) -> int:
    """The least time that this part of all times does not exceed."""
    ordered = sorted(times)
    ends = list(accumulate(times[time] for time in ordered))
    return ordered[bisect_left(ends, math.ceil(ends[-1] * part))]


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
