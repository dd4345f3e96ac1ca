"""Bytes leave at the end of the loop's turn, in their order, whatever happens to single transports."""

import asyncio
from typing import Any, cast

from app.common.outbox import CLOSE, Outbox, outbox_of


class Wire:
    """What transports were told, all of them in one list."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes | None]] = []

    def transport(self, name: str, *, broken: bool = False) -> asyncio.Transport:
        wire = self

        class Pretended:
            def write(self, data: bytes) -> None:
                if broken:
                    raise RuntimeError("it is closed")
                wire.told.append((name, data))

            def close(self) -> None:
                wire.told.append((name, None))

        return cast(asyncio.Transport, Pretended())


async def test_everything_leaves_at_the_end_of_the_turn_in_its_order() -> None:
    wire, outbox = Wire(), Outbox(asyncio.get_running_loop())
    one, two = wire.transport("one"), wire.transport("two")
    outbox.write(one, b"a")
    outbox.write(two, b"b")
    outbox.write(one, b"c")
    outbox.close(one)
    outbox.write(two, b"d")
    assert wire.told == []
    await asyncio.sleep(0)
    assert wire.told == [("one", b"a"), ("two", b"b"), ("one", b"c"), ("one", None), ("two", b"d")]


async def test_one_that_is_closed_does_not_hold_back_others() -> None:
    wire, outbox = Wire(), Outbox(asyncio.get_running_loop())
    broken, sound = wire.transport("broken", broken=True), wire.transport("sound")
    outbox.write(broken, b"a")
    outbox.write(sound, b"b")
    outbox.close(broken)
    outbox.close(sound)
    await asyncio.sleep(0)
    assert wire.told == [("sound", b"b"), ("broken", None), ("sound", None)]


async def test_sent_in_the_middle_of_a_turn() -> None:
    wire, outbox = Wire(), Outbox(asyncio.get_running_loop())
    one = wire.transport("one")
    outbox.write(one, b"a")
    outbox.flush()
    assert wire.told == [("one", b"a")]
    outbox.write(one, b"b")
    outbox.close(one)
    outbox.flush()
    outbox.flush()
    assert wire.told == [("one", b"a"), ("one", b"b"), ("one", None)]
    await asyncio.sleep(0)
    assert len(wire.told) == 3


async def test_what_is_written_while_it_is_sent_leaves_after_it() -> None:
    wire, outbox = Wire(), Outbox(asyncio.get_running_loop())
    later = wire.transport("later")

    class Asking:
        def write(self, data: bytes) -> None:
            outbox.write(later, b"asked by " + data)

    outbox.write(cast(Any, Asking()), b"a")
    outbox.write(later, b"b")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert wire.told == [("later", b"b"), ("later", b"asked by a")]


async def test_the_turn_tells_whether_something_has_left() -> None:
    wire, outbox = Wire(), Outbox(asyncio.get_running_loop())
    outbox.write(wire.transport("one"), b"a")
    turn = outbox.turn
    assert not wire.told
    await asyncio.sleep(0)
    assert wire.told
    assert outbox.turn != turn


async def test_there_is_one_for_each_event_loop() -> None:
    loop = asyncio.get_running_loop()
    assert outbox_of(loop) is outbox_of(loop)
    other = asyncio.new_event_loop()
    try:
        assert outbox_of(other) is not outbox_of(loop)
    finally:
        other.close()


async def test_who_is_in_a_hurry_has_it_sent_at_once_but_once_a_turn() -> None:
    wire, outbox = Wire(), Outbox(asyncio.get_running_loop())
    one = wire.transport("one")
    for _ in range(2):
        wire.told.clear()
        outbox.write(one, b"a")
        outbox.hurry()
        assert wire.told == [("one", b"a")]
        outbox.write(one, b"b")
        outbox.hurry()
        assert wire.told == [("one", b"a")]
        await asyncio.sleep(0)
        assert wire.told == [("one", b"a"), ("one", b"b")]


async def test_what_comes_alone_is_sent_at_once_and_what_follows_closely_at_the_end_of_the_turn() -> None:
    now = 1.0
    wire, outbox = Wire(), Outbox(asyncio.get_running_loop(), lambda: now)
    one = wire.transport("one")
    turn = outbox.turn
    outbox.send(one, b"a")
    assert wire.told == [("one", b"a")]
    assert outbox.turn != turn
    now += CLOSE / 2
    outbox.send(one, b"b")
    assert wire.told == [("one", b"a")]
    await asyncio.sleep(0)
    now += CLOSE * 2
    outbox.send(one, b"c")
    assert wire.told == [("one", b"a"), ("one", b"b"), ("one", b"c")]


async def test_nothing_sent_alone_overtakes_what_waits() -> None:
    wire, outbox = Wire(), Outbox(asyncio.get_running_loop(), lambda: 1.0)
    one, broken = wire.transport("one"), wire.transport("broken", broken=True)
    outbox.write(one, b"a")
    outbox.send(one, b"b")
    assert wire.told == []
    await asyncio.sleep(0)
    assert wire.told == [("one", b"a"), ("one", b"b")]
    Outbox(asyncio.get_running_loop(), lambda: 1.0).send(broken, b"c")
    assert len(wire.told) == 2
