"""A clock that a test sets."""

from datetime import timedelta

from app.common.clock import SystemClock


class SetClock(SystemClock):
    """Stands still until `pass_by`. Monotonic and wall clock show the same; sleeping and timers stay real."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def pass_by(self, time: timedelta | float) -> None:
        """:param time: seconds, where it is a number."""
        self.now += time.total_seconds() if isinstance(time, timedelta) else time
