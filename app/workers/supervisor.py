"""Starts the workers, starts again those that die, passes stop signals on, and carries their messages."""

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from logging import getLogger
from types import FrameType
from typing import Final

from app.workers.frames import Frame, FrameReader, Kind, State, pack_states
from app.workers.seat import COMPANION, Plan, Seat

FIRST_DELAY: Final = 0.1
LONGEST_DELAY: Final = 30.0
"""Seconds before a worker is started again, doubling from the first while it lives for less than..."""
SETTLED_SECONDS: Final = 60.0
GRACE_SECONDS: Final = 15.0
"""For a worker to leave its records and end, once its open requests are over or cut."""
MOST_UNSENT: Final = 8 * 1024 * 1024
"""Bytes that wait for a worker that does not read; questions beyond don't reach it."""

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)
_log = getLogger("app.workers")


class _Member:
    """One seat and the process in it, if there is one."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pid: int | None = None
        self.wire: socket.socket | None = None
        self.reader = FrameReader()
        self.unsent = bytearray()
        self.may_go = False
        self.is_here = False
        """It takes questions."""
        self.is_up = False
        """It serves."""
        self.state = b""
        self.born = 0.0
        self.delay = FIRST_DELAY
        self.due: float | None = None
        """When to start the next process."""

    @property
    def name(self) -> str:
        return f"worker {self.number}" if self.number != COMPANION else "the pretend provider"


class Supervisor:
    """One run: `run` returns once in this process, with its exit code, and once in each worker, with its seat."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        first = COMPANION if plan.demo else COMPANION + 1
        self._members = {number: _Member(number) for number in range(first, plan.workers + 1)}
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()
        self._leader: int | None = None
        self._stops: list[int] = []
        """Stop signals so far."""
        self._heeded = 0
        self._deadline: float | None = None
        """When workers that still live are killed."""
        self._greeted = False
        self._text = plan.greeting
        self._code: int | None = None
        """Of a start that failed."""

    def run(self) -> int | Seat:
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in (*_STOPS, signal.SIGCHLD):
            signal.signal(number, self._signalled)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        for member in self._members.values():
            member.due = time.monotonic()
        while True:
            seat = self._start_due()
            if seat is not None:
                return seat
            for key, events in self._selector.select(self._patience()):
                self._ready(key.data, events)
            self._heed()
            self._reap()
            if self._ending and all(member.pid is None for member in self._members.values()):
                return self._end()

    # Starting

    def _start_due(self) -> Seat | None:
        """Start the processes whose time has come. The seat in a new one, None in this one."""
        for member in self._members.values():
            if member.due is not None and member.due <= time.monotonic() and not self._ending:
                member.due = None
                seat = self._fork(member)
                if seat is not None:
                    return seat
                self._let_go()
        return None

    def _fork(self, member: _Member) -> Seat | None:
        ours, theirs = socket.socketpair()
        me = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)  # one that comes early must not be taken for ours
        pid = os.fork()
        if pid == 0:
            self._leave(ours)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
            return Seat(self._plan, member.number, theirs, member.state, me)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        theirs.close()
        ours.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ, member)
        member.pid, member.wire, member.reader, member.born = pid, ours, FrameReader(), time.monotonic()
        return None

    def _leave(self, ours: socket.socket) -> None:
        """In a new process: let go of all that is the supervisor's, so that its end can be seen."""
        signal.set_wakeup_fd(-1)
        for number in (*_STOPS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        self._selector.close()
        for wire in (ours, self._woken, self._wake, *(member.wire for member in self._members.values())):
            if wire is not None:
                wire.close()

    def _let_go(self) -> None:
        """Let those begin whose turn it is: the pretend provider, then one worker, which may have to set up the
        database, then the others."""
        for member in self._members.values():
            if member.pid is not None and not member.may_go:
                member.may_go = True
                if self._leader is None and member.number != COMPANION:
                    self._lead(member)
                self._send(member, Frame(Kind.GO))
            if not (self._greeted or member.is_up) and member.number <= 1:
                return

    def _lead(self, member: _Member) -> None:
        self._leader = member.number
        self._send(member, Frame(Kind.LEAD))

    # Messages

    def _ready(self, member: _Member | None, events: int) -> None:
        if member is None:
            with contextlib.suppress(BlockingIOError):
                while self._woken.recv(4096):
                    pass
            return
        if events & selectors.EVENT_WRITE:
            self._flush(member)
        if events & selectors.EVENT_READ:
            self._read(member)

    def _read(self, member: _Member) -> bool:
        """Take what the worker has said. False where there was nothing, or where it is the end."""
        if member.wire is None:
            return False
        try:
            piece = member.wire.recv(256 * 1024)
        except (BlockingIOError, ConnectionError):
            return False
        if not piece:
            self._forget(member)
            return False
        for frame in member.reader.feed(piece):
            self._hear(member, frame)
        return True

    def _hear(self, member: _Member, frame: Frame) -> None:
        if frame.kind is Kind.HERE:
            member.is_here = True
        elif frame.kind is Kind.UP:
            self._up(member, frame.content.decode())
        elif frame.kind is Kind.KEEP:
            member.state = frame.content
        elif frame.kind is Kind.FETCH:
            states = [
                State(other.number, other.is_up, other.state)
                for other in self._members.values()
                if other.number != COMPANION
            ]
            self._send(member, Frame(Kind.STATES, 0, frame.mark, pack_states(states)))
        elif frame.kind is Kind.ASK:
            others = [other for other in self._members.values() if other.is_here and other is not member]
            asked = b"".join(other.number.to_bytes(2, "big") for other in others)
            self._send(member, Frame(Kind.ASKED, 0, frame.mark, asked))
            for other in others:
                self._send(other, Frame(Kind.QUESTION, member.number, frame.mark, frame.content))
        elif frame.kind is Kind.ANSWER:
            asker = self._members.get(frame.number)
            if asker is not None:
                self._send(asker, Frame(Kind.ANSWER, member.number, frame.mark, frame.content))

    def _up(self, member: _Member, text: str) -> None:
        member.is_up = True
        self._text += text
        self._let_go()
        if not self._greeted:
            if all(other.is_up for other in self._members.values()):
                self._greeted = True
                sys.stdout.write(f"{self._text}\n")
                sys.stdout.flush()
        else:
            _log.info("%s is up again", member.name)

    def _send(self, member: _Member, frame: Frame) -> None:
        if member.wire is None or len(member.unsent) > MOST_UNSENT:
            return
        member.unsent += frame.encode()
        self._flush(member)

    def _flush(self, member: _Member) -> None:
        if member.wire is None:
            return
        try:
            while member.unsent:
                del member.unsent[: member.wire.send(member.unsent)]
        except BlockingIOError:
            pass
        except OSError:
            member.unsent.clear()  # it has died, and `_reap` will know
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if member.unsent else 0)
        self._selector.modify(member.wire, events, member)

    # Ending

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        if number in _STOPS:
            self._stops.append(number)

    @property
    def _ending(self) -> bool:
        return self._code is not None or bool(self._stops)

    def _heed(self) -> None:
        """Pass a stop signal on: the first lets open requests go on, the second does not, the third kills."""
        if self._heeded < len(self._stops):
            self._heeded = len(self._stops)
            if self._heeded == 1:
                self._stop(Kind.STOP, self._plan.drain_seconds + GRACE_SECONDS)
            elif self._heeded == 2:
                self._stop(Kind.STOP_NOW, GRACE_SECONDS)
            else:
                self._deadline = time.monotonic()
        if self._deadline is not None and self._deadline <= time.monotonic():
            for member in self._members.values():
                self._kill(member, signal.SIGKILL)
            self._deadline = time.monotonic() + 1.0

    def _stop(self, kind: Kind, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        for member in self._members.values():
            if member.number == COMPANION:
                continue  # it goes last: open requests are with it
            if member.is_up:
                self._send(member, Frame(kind))
            else:
                self._kill(member, signal.SIGTERM)

    @staticmethod
    def _kill(member: _Member, number: signal.Signals) -> None:
        if member.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member.pid, number)

    def _reap(self) -> None:
        for member in self._members.values():
            if member.pid is None:
                continue
            pid, status = os.waitpid(member.pid, os.WNOHANG)
            if pid:
                while self._read(member):  # what it had kept at last
                    pass
                self._died(member, os.waitstatus_to_exitcode(status))
        workers_left = any(m.pid is not None for m in self._members.values() if m.number != COMPANION)
        companion = self._members.get(COMPANION)
        if self._ending and not workers_left and companion is not None:
            self._kill(companion, signal.SIGKILL)

    def _forget(self, member: _Member) -> None:
        """Close our end of the wire."""
        if member.wire is not None:
            self._selector.unregister(member.wire)
            member.wire.close()
            member.wire = None
            member.unsent.clear()

    def _died(self, member: _Member, code: int) -> None:
        pid, was_up = member.pid, member.is_up
        self._forget(member)
        member.pid, member.may_go, member.is_here, member.is_up = None, False, False, False
        for other in self._members.values():
            if other.is_here:
                self._send(other, Frame(Kind.GONE, member.number))
        if self._leader == member.number:
            self._leader = None
            heir = next((m for m in self._members.values() if m.is_up and m.number != COMPANION), None)
            if heir is not None and not self._ending:
                self._lead(heir)
        if self._ending:
            return
        if not self._greeted:  # it has said why
            self._code = code if code > 0 else 1
            self._stop(Kind.STOP, GRACE_SECONDS)
            return
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        if member.number == COMPANION:
            _log.error("%s (process %d) %s; start again to have one", member.name, pid, how)
            return
        if was_up and time.monotonic() - member.born > SETTLED_SECONDS:
            member.delay = FIRST_DELAY
        _log.error("%s (process %d) %s; another starts in %.1f s", member.name, pid, how, member.delay)
        member.due = time.monotonic() + member.delay
        member.delay = min(member.delay * 2, LONGEST_DELAY)

    def _patience(self) -> float | None:
        """Seconds until there is something to do without being asked."""
        times = [
            member.due for member in self._members.values() if member.due is not None and not self._ending
        ]
        if self._deadline is not None:
            times.append(self._deadline)
        return max(min(times) - time.monotonic(), 0.0) if times else None

    def _end(self) -> int:
        if self._code is not None:
            return self._code
        signal.signal(self._stops[0], signal.SIG_DFL)
        os.kill(
            os.getpid(), self._stops[0]
        )  # as one process alone ends: whoever waits sees which signal it was
        return 0
