"""Failed logins, counted over all workers in the memory they share.

A table of buckets, each a tag and ten times. Eight buckets make a group, and who is counted has a place in one
group, by a keyed hash. Where a group is full, the one whose last failure is the oldest is forgotten.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from app.services.login_limits import FAILURES, WINDOW, Who

if TYPE_CHECKING:
    from app.workers.shared import Shared  # not for every system

SIZE: Final = 1 + FAILURES
"""Numbers of a bucket."""
WAYS: Final = 8
"""Buckets of a group."""
_GROUP: Final = SIZE * WAYS


class SharedFailures:
    """The `Failures` of several workers. Each step holds a lock for some microseconds."""

    def __init__(self, shared: "Shared") -> None:
        self._shared = shared
        self._table = shared.logins

    def begin(self, whom: Sequence[Who], now: float) -> float | None:
        with self._shared.locked(self._shared.LOGIN):
            places: list[int] = []
            for who in whom:
                places.append(self._claim(self._tag(who), now, places))
            for place in places:
                times = self._times(place, now)
                if len(times) >= FAILURES:
                    return min(times) + WINDOW - now
            for place in places:
                self._replace(place, 0.0, now, now)
        return None

    def forget(self, whom: Sequence[Who], now: float) -> None:
        with self._shared.locked(self._shared.LOGIN):
            for who in whom:
                place = self._find(self._tag(who))
                if place is not None:
                    self._replace(place, now, 0.0, now)

    def _tag(self, who: Who) -> int:
        """What stands for it: a whole number that a double holds exactly, and not 0."""
        text = "\0".join(who).encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(text, digest_size=6, key=self._shared.secret).digest()) + 1

    def _group(self, tag: int) -> range:
        """Places of its buckets."""
        start = tag % (len(self._table) // _GROUP) * _GROUP
        return range(start, start + _GROUP, SIZE)

    def _find(self, tag: int) -> int | None:
        return next((place for place in self._group(tag) if self._table[place] == tag), None)

    def _claim(self, tag: int, now: float, taken: Sequence[int]) -> int:
        """The bucket of the tag; where it has none, the one that is missed least, but none of those just taken."""
        found = self._find(tag)
        if found is None:
            free = [place for place in self._group(tag) if place not in taken]
            found = min(free, key=lambda place: max(self._times(place, now), default=0.0))
            self._table[found] = tag
            for at in range(found + 1, found + SIZE):
                self._table[at] = 0.0
        return found

    def _times(self, place: int, now: float) -> list[float]:
        """Failures that still count."""
        return [time for time in self._table[place + 1 : place + SIZE] if time > max(now - WINDOW, 0.0)]

    def _replace(self, place: int, old: float, new: float, now: float) -> None:
        """Put one time in the place of another; of 0, which is none, in the place of any that counts no more."""
        gone = max(now - WINDOW, 0.0)
        for at in range(place + 1, place + SIZE):
            time = self._table[at]
            if time == old or (not old and time <= gone):
                self._table[at] = new
                return
