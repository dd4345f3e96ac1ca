"""A process of several: a worker, or the pretend provider of `serve --demo`. The supervisor has forked it."""

import signal
import socket

import msgspec

from app.cli import explaining
from app.cli.start import given, load_lean
from app.common import logs
from app.config import Settings, load
from app.workers import port
from app.workers.frames import Frame, Kind
from app.workers.seat import COMPANION, Seat


def work(seat: Seat) -> int:
    """:returns: the exit code."""
    return explaining(lambda: _provide(seat) if seat.number == COMPANION else _serve(seat))


def _serve(seat: Seat) -> int:
    load_lean()
    from app.cli.serve import serve_as

    settings = _settings(seat)
    with socket.socket(fileno=seat.plan.socket) as reserved, port.own(reserved) as own:
        serve_as(seat, settings, own)
    return 0


def _provide(seat: Seat) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # requests that may still go on are with it
    load_lean()
    from app.cli import demo

    with demo.prepared(_settings(seat)) as (_, example):
        text = "\n".join(example.lines(seat.plan.url))
        seat.say(Frame(Kind.UP, content=f"\n{text}".encode()))
        while seat.wait() is not None:
            pass
    return 0


def _settings(seat: Seat) -> Settings:
    plan = seat.plan
    settings = given(load(), plan.host, plan.port, plan.workers)
    logs.configure(debug=settings.debug)
    if not plan.demo:
        return settings
    from app.cli import demo

    return msgspec.structs.replace(settings, **demo.own_files(settings))
