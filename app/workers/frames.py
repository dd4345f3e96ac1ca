"""Messages between the supervisor and its workers: a fixed head and bytes that the supervisor never reads."""

import struct
from enum import IntEnum
from typing import NamedTuple

_HEAD = struct.Struct("!IBHI")
_STATE = struct.Struct("!HBI")


class Kind(IntEnum):
    """What a frame says. `number` is the worker it is about, `mark` what ties an answer to its question."""

    # from the supervisor
    GO = 1
    """Start now; until then a worker has loaded its modules and waits."""
    LEAD = 2
    """Jobs that must run once are yours."""
    STOP = 3
    """Let open requests go on, then end."""
    STOP_NOW = 4
    """End, whatever is open."""
    QUESTION = 5
    """Another worker asks; `number` is the one."""
    ASKED = 6
    """Your question went to these workers, two bytes each."""
    GONE = 7
    """Worker `number` has died: it answers no more."""
    STATES = 8
    """What each worker has had kept, see `pack_state`."""
    # from a worker
    HERE = 9
    """It can be asked; from now on no question leaves it out."""
    UP = 10
    """It listens. The bytes, if any, are text for the greeting."""
    ASK = 11
    """To be passed on to all other workers."""
    KEEP = 12
    """The worker's state, to be kept in the place of the one before, and after its death."""
    FETCH = 13
    """Asks for `STATES`."""
    # both: from a worker to the one that asked, by way of the supervisor
    ANSWER = 14


class Topic(IntEnum):
    """What workers ask each other: the first byte of a question."""

    REVISION = 1
    """Serve the configuration of this revision."""
    COUNTS = 2
    """Have your counts kept, now."""


class Frame(NamedTuple):
    kind: Kind
    number: int = 0
    mark: int = 0
    content: bytes = b""

    def encode(self) -> bytes:
        return _HEAD.pack(len(self.content), self.kind, self.number, self.mark) + self.content


class FrameReader:
    """Finds the frames in what a stream socket delivers."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, piece: bytes) -> list[Frame]:
        """The frames that are whole now."""
        rest = self._rest
        rest += piece
        found, start = [], 0
        while len(rest) - start >= _HEAD.size:
            size, kind, number, mark = _HEAD.unpack_from(rest, start)
            end = start + _HEAD.size + size
            if len(rest) < end:
                break
            found.append(Frame(Kind(kind), number, mark, bytes(rest[start + _HEAD.size : end])))
            start = end
        del rest[:start]
        return found


class State(NamedTuple):
    """What a worker has had kept, and whether it is up."""

    number: int
    is_up: bool
    content: bytes


def pack_states(states: list[State]) -> bytes:
    return b"".join(_STATE.pack(s.number, s.is_up, len(s.content)) + s.content for s in states)


def unpack_states(packed: bytes) -> list[State]:
    found, start = [], 0
    while start < len(packed):
        number, is_up, size = _STATE.unpack_from(packed, start)
        start += _STATE.size
        found.append(State(number, bool(is_up), packed[start : start + size]))
        start += size
    return found
