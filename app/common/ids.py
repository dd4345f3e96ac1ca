"""Identifiers: UUIDv7 request ids, which sort by time."""

import os
import random
import time

_HEX = "%08x-%04x-7%03x-%04x-%012x"

# A generator of our own: ids have to be different, not secret, and the system's is a system call for each.
_random = random.Random(os.urandom(32))  # noqa: S311  # not for secrets
os.register_at_fork(after_in_child=lambda: _random.seed(os.urandom(32)))


def request_id() -> str:
    """A new UUIDv7 (RFC 9562 part 5.7) as text; ids made later sort later, to the millisecond."""
    milliseconds = time.time_ns() // 1_000_000
    bits = _random.getrandbits(74)
    return _HEX % (
        milliseconds >> 16,
        milliseconds & 0xFFFF,
        bits >> 62,
        0x8000 | (bits >> 48 & 0x3FFF),
        bits & 0xFFFF_FFFF_FFFF,
    )
