"""Strategies: put the candidates of one request in order. The first is tried, the rest is the failover order.

State (turns, weights, latencies) lives here and outlasts snapshots, so a configuration change never restarts a round.
All methods run on the event loop's thread without awaiting, which makes them atomic.
"""

from collections.abc import Callable, Sequence
from typing import Final

from app.domain.model import Model, Strategy, Target

_SMOOTHING: Final = 0.2
"""Share of a new measurement in the moving average."""
_FORGET_AFTER: Final = 60.0
"""Seconds after which a latency is measured anew."""
_FAILURE_FLOOR: Final = 1.0
"""Seconds a failing target counts at least."""


class Strategies:
    """Orders candidates for all models."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._turns: dict[tuple[int, int], int] = {}
        self._credit: dict[int, int] = {}
        self._latency: dict[int, tuple[float, float]] = {}
        self._orders: dict[Strategy, Callable[[Model, Sequence[Target]], Sequence[Target]]] = {
            Strategy.ROUND_ROBIN: self._round_robin,
            Strategy.WEIGHTED: self._weighted,
            Strategy.PRIORITY: self._priority,
            Strategy.LEAST_LATENCY: self._least_latency,
        }

    def order(self, model: Model, candidates: Sequence[Target]) -> Sequence[Target]:
        """The candidates in the order they are to be tried; counts as one turn of the model."""
        if len(candidates) < 2:
            return candidates
        return self._orders[model.strategy](model, candidates)

    def observe(self, target_id: int, first_byte: float | None) -> None:
        """Learn from an attempt.

        :param first_byte: seconds from request to first byte; None when the attempt failed.
        """
        now = self._monotonic()
        old = self._latency.get(target_id)
        if first_byte is None:
            value = max(_FAILURE_FLOOR, old[0] * 2 if old else _FAILURE_FLOOR)
        elif old is None or now - old[1] > _FORGET_AFTER:
            value = first_byte
        else:
            value = old[0] + (first_byte - old[0]) * _SMOOTHING
        self._latency[target_id] = (value, now)

    def forget(self, target_ids: set[int]) -> None:
        """Drop the state of targets that are no longer configured.

        :param target_ids: the targets that still are.
        """
        for state in (self._credit, self._latency):
            for gone in state.keys() - target_ids:
                del state[gone]

    def _turn(self, model_id: int, tier: int) -> int:
        turn = self._turns.get((model_id, tier), 0)
        self._turns[model_id, tier] = turn + 1
        return turn

    def _round_robin(self, model: Model, candidates: Sequence[Target]) -> Sequence[Target]:
        start = self._turn(model.id, 0) % len(candidates)
        return (*candidates[start:], *candidates[:start])

    def _weighted(self, _model: Model, candidates: Sequence[Target]) -> Sequence[Target]:
        """Smooth weighted round robin: each target earns its weight per turn, the winner pays the sum."""
        credit = self._credit
        for target in candidates:
            credit[target.id] = credit.get(target.id, 0) + target.weight
        ordered = sorted(candidates, key=lambda target: -credit[target.id])
        credit[ordered[0].id] -= sum(target.weight for target in candidates)
        return ordered

    def _priority(self, model: Model, candidates: Sequence[Target]) -> Sequence[Target]:
        tiers: dict[int, list[Target]] = {}
        for target in candidates:
            tiers.setdefault(target.priority, []).append(target)
        ordered: list[Target] = []
        for priority in sorted(tiers):
            tier = tiers[priority]
            # only the first tier takes a turn: the others are failover order
            start = self._turn(model.id, priority) % len(tier) if not ordered else 0
            ordered += tier[start:] + tier[:start]
        return ordered

    def _least_latency(self, model: Model, candidates: Sequence[Target]) -> Sequence[Target]:
        now = self._monotonic()

        def key(target: Target) -> float:
            latency, at = self._latency.get(target.id, (0.0, now))
            return latency if now - at <= _FORGET_AFTER else 0.0

        return sorted(self._round_robin(model, candidates), key=key)
