"""Request limits of API keys, of one process or of all workers."""

import math


class RequestLimits:
    """Requests a minute per key, by the generic cell rate algorithm: a whole minute's worth may come at once.

    A key's state is one number, the time at which its allowance is whole again.
    """

    def __init__(self) -> None:
        self._whole_at: dict[int, float] = {}

    def take(self, key_id: int, per_minute: int, now: float) -> float | None:
        """Take one request of the allowance.

        :param now: monotonic seconds.
        :returns: None when it was taken, else the whole seconds to wait.
        """
        start = max(self._whole_at.get(key_id, now), now)
        whole_at = start + 60.0 / per_minute
        if whole_at - now > 60.0 + 1e-9:
            return float(math.ceil(whole_at - now - 60.0))
        self._whole_at[key_id] = whole_at
        return None


class SharedLimits(RequestLimits):
    """The same over all workers, in memory they share; the clock must be the machine's.

    There is no lock. Workers that take a request of one key within the same fraction of a microsecond may count one
    for all: of n workers, up to n - 1 requests too many pass at each such meeting.
    """

    def __init__(self, whole_at: "memoryview[float]") -> None:
        """:param whole_at: zeros at first. A key's place is its id, as often around as it takes."""
        super().__init__()
        self._table = whole_at
        self._size = len(whole_at)

    def take(self, key_id: int, per_minute: int, now: float) -> float | None:
        place = key_id % self._size
        start = max(self._table[place], now)
        whole_at = start + 60.0 / per_minute
        if whole_at - now > 60.0 + 1e-9:
            return float(math.ceil(whole_at - now - 60.0))
        self._table[place] = whole_at
        return None
