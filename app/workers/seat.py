"""What a process knows at its start: the plan of the whole, and its own seat in it. Imports next to nothing."""

import json
import socket
from typing import NamedTuple

from app.workers.frames import Frame, FrameReader, Kind

COMPANION = 0
"""The seat of the pretend provider of `serve --demo`; workers count from 1."""


class Plan(NamedTuple):
    """What the supervisor is told."""

    workers: int
    socket: int
    """Descriptor of the reserved port."""
    memory: int
    """Descriptor of the shared memory."""
    url: str
    """Where clients of this machine reach the gateway."""
    host: str | None
    """As on the command line, like `port`."""
    port: int | None
    demo: bool
    debug: bool
    drain_seconds: float
    greeting: str

    def encode(self) -> str:
        return json.dumps(self)

    @classmethod
    def decode(cls, text: str) -> "Plan":
        return cls(*json.loads(text))


class Seat:
    """A worker's place: its number, its wire to the supervisor, and what its predecessor had counted."""

    def __init__(
        self, plan: Plan, number: int, wire: socket.socket, inherited: bytes, supervisor: int
    ) -> None:
        self.plan = plan
        self.number = number
        self.wire = wire
        self.inherited = inherited
        self.supervisor = supervisor
        """Its process id."""
        self.leads = False
        """From the start; it can be told later, too."""

    def wait(self) -> Kind | None:
        """The next word of the supervisor, without an event loop; None: it has died."""
        reader = FrameReader()
        while True:
            piece = self.wire.recv(1)  # what comes behind the frame is for somebody else
            if not piece:
                return None
            for frame in reader.feed(piece):
                self.leads = self.leads or frame.kind is Kind.LEAD
                if frame.kind is not Kind.LEAD:
                    return frame.kind

    def say(self, frame: Frame) -> None:
        self.wire.sendall(frame.encode())
