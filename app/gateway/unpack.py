"""A bounded side decoder for compressed answers: the client gets the bytes as they came, usage a plain copy."""

import zlib

_MAX_PIECE = 1 << 20
"""Most bytes unpacked from one piece; what a bomb holds beyond that is not looked at."""


class Unpacker:
    """Unpacks gzip and deflate. Any other coding, broken data or a bomb ends in silence: `failed` is set."""

    def __init__(self, coding: bytes) -> None:
        """:param coding: value of `content-encoding` (RFC 9110 part 8.4)."""
        coding = coding.strip().lower()
        self.failed = coding not in (b"gzip", b"x-gzip", b"deflate")
        self._inflate = zlib.decompressobj(wbits=47 if coding != b"deflate" else 15)

    def feed(self, piece: bytes) -> bytes:
        """The plain bytes of this piece; nothing after a failure."""
        if self.failed:
            return b""
        try:
            plain = self._inflate.decompress(piece, _MAX_PIECE)
        except zlib.error:
            self.failed = True
            return b""
        if self._inflate.unconsumed_tail:
            self.failed = True
        return plain
