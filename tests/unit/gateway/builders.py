"""Plain targets, models and a manual clock for the tests of the hot path."""

import asyncio
from collections.abc import Callable

from app.domain.model import Model, Retry, Strategy, Target
from app.domain.provider import Protocol, Provider, Timeouts


def provider(
    number: int = 1, protocol: Protocol = Protocol.OPENAI, base_url: str = "http://127.0.0.1:9"
) -> Provider:
    return Provider(
        id=number,
        name=f"provider-{number}",
        protocol=protocol,
        base_url=base_url,
        credential=f"sk-upstream-{number}",
        headers=(),
        timeouts=Timeouts(connect=5, first_byte=300, idle=300, total=3600),
    )


def target(
    number: int, *, weight: int = 1, priority: int = 0, rule: str = "", of: Provider | None = None
) -> Target:
    return Target(number, of or provider(number), f"target-model-{number}", rule, priority, weight)


def retry(**changes: object) -> Retry:
    values: dict[str, object] = {"max_attempts": 3, "delay": 1.0, "max_delay": 5.0, "max_attempts_total": 8}
    return Retry(**(values | changes))  # type: ignore[arg-type]  # checked by the struct's users


def model(
    targets: list[Target],
    strategy: Strategy = Strategy.ROUND_ROBIN,
    policy: Retry | None = None,
    number: int = 1,
) -> Model:
    return Model(number, "m", "", strategy, policy or retry(), tuple(targets), 0.0)


class Timer:
    """A timer of `ManualClock`."""

    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at, self.callback, self.cancelled = at, callback, False

    def cancel(self) -> None:
        self.cancelled = True


class ManualClock:
    """Time moves only when told, or by sleeping, which returns at once and notes how long."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.timers: list[Timer] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_700_000_000.0 + self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.advance(seconds)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(self.now + seconds, callback)
        self.timers.append(timer)
        return timer

    async def advance(self, seconds: float) -> None:
        """Let the time pass, and every timer fire that comes due."""
        self.now += seconds
        for timer in [t for t in self.timers if t.at <= self.now]:
            self.timers.remove(timer)
            if not timer.cancelled:
                timer.callback()
        await asyncio.sleep(0)
