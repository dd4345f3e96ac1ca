"""The counts of all workers, and what a worker takes over from the one that was in its place before.

Each worker has its counts kept by the supervisor every second, and again whenever any of them is scraped; what a dead
worker had had kept is where the next one goes on. So a counter that a scrape has seen never falls, and a worker that is
killed takes the counts of its last second along.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from app.services.counts import Counts, counters
from app.workers.frames import Topic

if TYPE_CHECKING:
    from app.workers.team import Team  # not for every system

EVERY_SECONDS: Final = 1.0


class Worker(msgspec.Struct, frozen=True):
    """One worker at the time of a scrape."""

    number: int
    answered: bool
    """False for one that is not up, or did not answer in time: its counts are those it last had kept."""
    counts: Counts | None
    """None where it never had any kept."""

    @property
    def lasting(self) -> Counts | None:
        """What of its counts is still true: all, or the counters only."""
        if self.answered or self.counts is None:
            return self.counts
        return msgspec.structs.replace(self.counts, figures=counters(self.counts))


class TeamCounts:
    """:param own: counts of this process."""

    def __init__(self, team: "Team", own: Callable[[], Counts]) -> None:
        self._team = team
        self._own = own
        self._kept = b""
        self.inherited = Counts.decode(team.inherited) if team.inherited else None
        self._before = counters(self.inherited) if self.inherited else {}
        team.answer_with(Topic.COUNTS, self._answer)

    async def run(self) -> None:
        """Have the counts kept every second that changed them, until cancelled."""
        while True:
            self.keep()
            await asyncio.sleep(EVERY_SECONDS)

    def keep(self) -> None:
        counts = self._own()
        for key, value in self._before.items():
            counts.figures[key] = counts.figures.get(key, 0.0) + value
        state = counts.encode()
        if state != self._kept:
            self._kept = state
            self._team.keep(state)

    async def all(self) -> list[Worker]:
        """All workers, by number. Takes up to a second where one does not answer, and another where the supervisor
        does not: then this one stands alone."""
        self.keep()
        missing = await self._team.ask(Topic.COUNTS)
        with suppress(TimeoutError):
            return [
                Worker(
                    state.number,
                    state.number == self._team.number or (state.is_up and state.number not in missing),
                    Counts.decode(state.content) if state.content else None,
                )
                for state in await self._team.states()
            ]
        others = range(1, self._team.size + 1)
        own = Counts.decode(self._kept)
        return [Worker(n, n == self._team.number, own if n == self._team.number else None) for n in others]

    async def _answer(self, _question: bytes) -> bytes:
        self.keep()
        return b""
