"""Server-sent events (WHATWG HTML, part 9.2.6) out of bytes in any pieces. What they mean is for the packages below."""

from typing import Final

import msgspec

MAX_EVENT_BYTES: Final = 16 * 1024 * 1024


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event; `event` is None where the sender named none."""

    event: str | None
    data: bytes


class SseDecoder:
    """Feed it bytes, take events. Nothing here ever raises.

    An event over `MAX_EVENT_BYTES` sets `overflow`, and decoding stops for good.
    """

    __slots__ = ("_after_cr", "_data", "_held", "_line_size", "_name", "_pieces", "at_boundary", "overflow")

    def __init__(self) -> None:
        self.overflow = False
        self.at_boundary = True
        """The bytes so far end between two events: another event may follow without harm."""
        self._pieces: list[bytes] = []  # an unfinished line
        self._data: list[bytes] = []  # finished data lines of an unfinished event
        self._name: str | None = None
        self._line_size = 0
        self._held = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that end in this chunk."""
        if (
            self.at_boundary
            and chunk.endswith(b"\n\n")
            and b"\r" not in chunk
            and len(chunk) < MAX_EVENT_BYTES
        ):
            self._after_cr = False
            events: list[Event] = []
            for block in chunk[:-2].split(b"\n\n"):
                first = block.find(b"\n")
                if first < 0:
                    if block.startswith(b"data: "):
                        events.append(Event(None, block[6:]))
                        continue
                elif (
                    block.startswith(b"event: ")
                    and block.startswith(b"data: ", first + 1)
                    and block.find(b"\n", first + 1) < 0
                ):
                    events.append(Event(block[7:first].decode("utf-8", "replace"), block[first + 7 :]))
                    continue
                for line in block.split(b"\n"):
                    self._line(line, events)
                self._line(b"", events)
            return events
        return self._feed_lines(chunk)

    def close(self) -> list[Event]:
        """The event the stream ended in, if its last blank line was missing.

        The standard drops it; some senders end with `data: [DONE]` and one line end. `at_boundary` stays as it was.
        """
        if self.overflow:
            return []
        events: list[Event] = []
        self._line(b"".join(self._pieces), events)
        self._line(b"", events)
        self._pieces.clear()
        return events

    def _feed_lines(self, chunk: bytes) -> list[Event]:
        events: list[Event] = []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
        if not chunk or self.overflow:
            return events
        self._after_cr = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *others = chunk.split(b"\n")
        self._line_size += len(first)
        self._pieces.append(first)
        if others:
            *whole, rest = others
            self._line(b"".join(self._pieces), events)
            for line in whole:
                self._line(line, events)
            self._pieces = [rest] if rest else []
            self._line_size = len(rest)
        if self._held + self._line_size > MAX_EVENT_BYTES:
            self.overflow = True
            self._pieces.clear()
            self._data.clear()
        self.at_boundary = not (self._pieces or self._data or self._name is not None or self.overflow)
        return events

    def _line(self, line: bytes, events: list[Event]) -> None:
        if not line:
            if self._data:
                events.append(Event(self._name, b"\n".join(self._data)))
                self._data = []
            self._name = None
            self._held = 0
            return
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._held += len(line) + 1
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
