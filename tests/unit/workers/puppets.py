"""A supervisor with workers that do what a test tells them: `python -m tests.unit.workers.puppets WORKERS`.

A puppet prints a line for each frame it gets, and acts on a line of its file in the working directory (`1`, `2`, ...):
`keep TEXT`, `ask TEXT` and `exit CODE`. A question with the text `mute` is not answered.
"""

import os
import select
import sys
from pathlib import Path

from app.workers.frames import Frame, FrameReader, Kind, unpack_states
from app.workers.seat import Plan, Seat
from app.workers.supervisor import Supervisor

WATCH_SECONDS = 0.02


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def play(seat: Seat) -> int:
    if seat.wait() is not Kind.GO:
        return 0
    say(
        "born", seat.number, os.getpid(), "leads" if seat.leads else "follows", seat.inherited.decode() or "-"
    )
    if Path("refuse").exists():
        return 78
    seat.say(Frame(Kind.HERE))
    seat.say(Frame(Kind.UP))
    told, reader = Path(str(seat.number)), FrameReader()
    while True:
        if select.select([seat.wire], [], [], WATCH_SECONDS)[0]:
            piece = seat.wire.recv(65536)
            if not piece:
                return 3
            for frame in reader.feed(piece):
                if frame.kind is Kind.STOP:
                    return 0
                act(seat, frame)
        if told.exists():
            word, _, text = told.read_text().partition(" ")
            told.unlink()
            if word == "exit":
                return int(text)
            kind = {"keep": Kind.KEEP, "ask": Kind.ASK, "fetch": Kind.FETCH}[word]
            seat.say(Frame(kind, 0, 7, text.encode()))


def act(seat: Seat, frame: Frame) -> None:
    if frame.kind is Kind.STATES:
        states = [
            f"{s.number}{'+' if s.is_up else '-'}{s.content.decode()}" for s in unpack_states(frame.content)
        ]
        say("states", seat.number, *states)
        return
    text = frame.content.hex() if frame.kind is Kind.ASKED else frame.content.decode()
    say(frame.kind.name.lower(), seat.number, "of", frame.number, text or "-")
    if frame.kind is Kind.QUESTION and text != "mute":
        seat.say(Frame(Kind.ANSWER, frame.number, frame.mark))


if __name__ == "__main__":
    plan = Plan(int(sys.argv[1]), -1, -1, "http://here", None, None, False, False, 5.0, "greeting")
    outcome = Supervisor(plan).run()
    sys.exit(play(outcome) if isinstance(outcome, Seat) else outcome)
