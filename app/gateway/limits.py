"""Request limits of API keys, per process."""

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
