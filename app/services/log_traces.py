"""Traces as log rows hold them: JSON, and a long one deflated. `log_rows.py` next door makes the JSON.

The trace of a model with 64 rules takes 7 kB, says nearly the same 64 times, and comes again with every request.
"""

import base64
import zlib
from typing import Final

import msgspec

from app.domain.attempt import Verdict

SHORT: Final = 512
"""Characters of JSON that are stored as they are: of about three targets. Whoever queries the table can read them."""
_FASTEST: Final = 1
"""Of zlib's levels: 10 us for 7 kB. Level 6 takes twice the time and saves an eighth at most."""

_decode: Final = msgspec.json.Decoder(list[Verdict]).decode


def trace_text(encoded: str) -> str:
    """What is stored of a trace: its JSON, or of a long one the Base64 of it in zlib's format (RFC 1950).

    Base64 has no `[`, with which the JSON begins, so the text says itself which it is.
    """
    if len(encoded) <= SHORT:
        return encoded
    return base64.b64encode(zlib.compress(encoded.encode(), _FASTEST)).decode()


def read_trace(text: str) -> list[Verdict]:
    """The trace of a log row, however it is stored; rows of older versions have long ones in plain JSON, too."""
    return _decode(text if text.startswith("[") else zlib.decompress(base64.b64decode(text)))
