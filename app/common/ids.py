"""Identifiers: UUIDv7 request ids, which sort by time."""

import os
import random
import time
from typing import Final

_VARIANTS: Final = "89ab"

# A generator of our own: ids have to be different, not secret, and the system's is a system call for each.
_random: Final = random.Random(os.urandom(32))  # noqa: S311  # not for secrets
os.register_at_fork(after_in_child=lambda: _random.seed(os.urandom(32)))


def request_id() -> str:
    """A new UUIDv7 (RFC 9562 part 5.7) as text; ids made later sort later, to the millisecond."""
    time_part = f"{time.time_ns() // 1_000_000:012x}"
    bits = _random.getrandbits(74)
    random_part = f"{bits >> 2:018x}"
    return (
        f"{time_part[:8]}-{time_part[8:]}-7{random_part[:3]}"
        f"-{_VARIANTS[bits & 3]}{random_part[3:6]}-{random_part[6:]}"
    )
