"""Identifiers: UUIDv7 request ids, which sort by time."""

import os
import time

_HEX = "%08x-%04x-7%03x-%04x-%012x"


def request_id() -> str:
    """A new UUIDv7 (RFC 9562 part 5.7) as text; ids made later sort later, to the millisecond."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    return _HEX % (
        milliseconds >> 16,
        milliseconds & 0xFFFF,
        random >> 68,
        0x8000 | (random >> 54 & 0x3FFF),
        random & 0xFFFF_FFFF_FFFF,
    )
