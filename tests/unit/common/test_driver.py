"""Drivers, and the places where they wait: who waits there is woken, whoever has left it before."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from app.common import driver as driving
from app.common.driver import Driver, Wait


async def test_who_was_cancelled_leaves_the_place_to_who_waits_there_now() -> None:
    loop = asyncio.get_running_loop()
    place = Wait()
    seen: list[str] = []

    async def waits(name: str) -> None:
        try:
            await place
            seen.append(f"{name} woken")
        except asyncio.CancelledError:
            seen.append(f"{name} cancelled")

    first = Driver(loop, waits("first"), lambda *_: None)
    second = Driver(loop, waits("second"), lambda *_: None)
    first.step()
    first.cancel()  # it is told in the loop's next turn; until then another may begin to wait
    second.step()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert seen == ["first cancelled"]
    place.wake()
    assert seen == ["first cancelled", "second woken"]
    assert first.done
    assert second.done


async def test_who_waits_goes_on_before_wake_returns() -> None:
    loop = asyncio.get_running_loop()
    place = Wait()
    seen: list[str] = []

    async def waits() -> None:
        for word in ("once", "twice"):
            await place
            seen.append(word)

    driver = Driver(loop, waits(), lambda *_: None)
    driver.step()
    place.wake()
    assert seen == ["once"]
    place.wake()
    assert seen == ["once", "twice"]
    place.wake()  # nobody is there
    assert driver.done


class Ended:
    """Takes note of how a driver ends."""

    def __init__(self) -> None:
        self.times = 0
        self.error: BaseException | None = None

    def __call__(self, driver: Driver, error: BaseException | None) -> None:
        self.times += 1
        self.error = error


def drive(coroutine: Coroutine[Any, Any, None]) -> tuple[Driver, Ended]:
    """A driver that has been started."""
    ended = Ended()
    driver = Driver(asyncio.get_running_loop(), coroutine, ended)
    driver.step()
    return driver, ended


async def turns(count: int = 4) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_waking_that_nobody_waits_for_is_forgotten() -> None:
    place = Wait()
    place.wake()

    async def waits() -> None:
        await place

    driver, _ = drive(waits())
    assert not driver.done
    assert place.waiting
    place.wake()
    assert driver.done
    assert not place.waiting


async def test_drivers_that_wake_each_other() -> None:
    """The one who wakes goes on after the other has come as far as it can."""
    here, there = Wait(), Wait()
    seen: list[str] = []

    async def first() -> None:
        await here
        assert driving.current() is one
        there.wake()
        assert driving.current() is one
        seen.append("first")
        await here
        seen.append("end")

    async def second() -> None:
        await there
        here.wake()  # the first one runs: it does not wait
        seen.append("second")

    one, _ = drive(first())
    two, _ = drive(second())
    assert driving.current() is None
    here.wake()
    assert seen == ["second", "first"]
    assert two.done
    here.wake()
    assert seen[2:] == ["end"]
    assert driving.current() is None


async def test_a_task_may_wait_in_the_same_place() -> None:
    place = Wait()

    async def waits() -> str:
        await place
        return "woken"

    task = asyncio.create_task(waits())
    await turns(1)
    assert place.waiting
    place.wake()
    assert await task == "woken"
    cancelled = asyncio.create_task(waits())
    await turns(1)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    assert not place.waiting
    place.wake()


async def test_errors_reach_the_end_once() -> None:
    async def fails() -> None:
        raise ValueError("so")

    driver, ended = drive(fails())
    assert driver.done
    assert (ended.times, str(ended.error)) == (1, "so")
    driver.step()
    driver.cancel()
    await turns()
    assert ended.times == 1


async def test_an_exit_of_the_program_is_passed_on() -> None:
    async def leaves() -> None:
        raise SystemExit(3)

    ended = Ended()
    driver = Driver(asyncio.get_running_loop(), leaves(), ended)
    with pytest.raises(SystemExit):
        driver.step()
    assert driver.done
    assert isinstance(ended.error, SystemExit)
    assert driving.current() is None


async def test_cancelled_before_it_starts() -> None:
    async def runs() -> None:
        raise AssertionError("it was cancelled")

    ended = Ended()
    driver = Driver(asyncio.get_running_loop(), runs(), ended)
    driver.cancel()
    driver.step()
    assert isinstance(ended.error, asyncio.CancelledError)


async def test_everything_a_coroutine_may_wait_for() -> None:
    loop = asyncio.get_running_loop()

    async def other() -> int:
        await asyncio.sleep(0)
        return 4

    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    seen: list[object] = []

    async def runs() -> None:
        seen.append(await loop.create_task(other()))
        seen.append(await asyncio.gather(other(), other()))
        seen.append([number async for number in numbers()])
        await asyncio.sleep(0.001)
        with pytest.raises(LookupError):
            await failed
        done = loop.create_future()
        done.set_result("done")
        seen.append(await done)

    failed = loop.create_future()
    failed.set_exception(LookupError())
    ended = asyncio.Event()
    Driver(loop, runs(), lambda *_: ended.set()).step()
    await asyncio.wait_for(ended.wait(), 5)
    assert seen == [4, [4, 4], [0, 1, 2], "done"]


# A script is run by a driver and by a task; each notes what it sees.

STEPS = ("future", "failing", "broken", "place", "turn", "child", "catch", "shield")
ACTS = (
    "break and cancel",
    "cancel and break",
    "cancel",
    "cancel twice",
    "resolve",
    "wake",
    "turn",
    "uncancel",
    "cancel and resolve",
    "resolve and cancel",
)


class Played:
    """One run of a script."""

    def __init__(self, steps: list[str]) -> None:
        self.steps = steps
        self.seen: list[str] = []
        self.place = Wait()
        self.future: asyncio.Future[None] | None = None
        self.runner: Any = None
        self.begin: Callable[[], None]

    async def run(self) -> None:
        for step in self.steps:
            try:
                await self._take(step)
                self.seen.append(f"{step} done")
            except asyncio.CancelledError:
                self.seen.append(f"{step} cancelled {self.runner.cancelling()}")
                if step in ("catch", "turn", "place"):
                    self.seen.append(f"left {self.runner.uncancel()}")
                    continue
                raise
            except LookupError:
                self.seen.append(f"{step} failed")

    async def _take(self, step: str) -> None:
        loop = asyncio.get_running_loop()
        if step in ("future", "catch", "failing", "broken"):
            self.future = loop.create_future()
            await self.future
            if step == "failing":
                raise LookupError
        elif step == "place":
            await self.place
        elif step == "turn":
            await asyncio.sleep(0)
        elif step == "child":
            self.future = loop.create_future()
            await loop.create_task(self._child(self.future))
        else:
            self.future = loop.create_future()
            await asyncio.shield(self.future)

    async def _child(self, future: asyncio.Future[None]) -> None:
        try:
            await future
        except asyncio.CancelledError:
            self.seen.append("child cancelled")
            raise

    def act(self, act: str) -> None:
        if act.startswith("resolve"):
            self._resolve()
        if act.startswith("break"):
            self._break()
        if "cancel" in act and act != "uncancel":
            self.runner.cancel()
        if act == "cancel twice":
            self.runner.cancel()
        if act.endswith("and resolve"):
            self._resolve()
        if act.endswith("and break"):
            self._break()
        if act == "wake":
            self.place.wake()
        if act == "uncancel":
            self.runner.uncancel()

    def _break(self) -> None:
        if self.future is not None and not self.future.done():
            self.future.set_exception(LookupError())

    def _resolve(self) -> None:
        if self.future is not None and not self.future.done():
            self.future.set_result(None)


async def play(steps: list[str], acts: list[str], kind: str) -> list[str]:
    loop = asyncio.get_running_loop()
    played = Played(steps)
    if kind == "task":
        played.runner = task = loop.create_task(played.run())

        def note(ended: asyncio.Task[None]) -> None:
            played.seen.append("end cancelled" if ended.cancelled() else f"end {ended.exception()!r}")

        task.add_done_callback(note)
    else:

        def end(_driver: Driver, error: BaseException | None) -> None:
            cancelled = isinstance(error, asyncio.CancelledError)
            played.seen.append("end cancelled" if cancelled else f"end {error!r}")

        played.runner = Driver(loop, played.run(), end)
        played.runner.step()
    await turns(6)
    for act in acts:
        played.act(act)
        await turns(6)
    for _ in range(3 * len(steps)):
        played.act("resolve")
        played.act("wake")
        await turns(6)
    return played.seen


@pytest.mark.parametrize("seed", range(20))
async def test_it_behaves_like_a_task(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(25):
        steps = rng.choices(STEPS, k=rng.randint(1, 4))
        acts = rng.choices(ACTS, k=rng.randint(1, 5))
        assert await play(steps, acts, "driver") == await play(steps, acts, "task"), (steps, acts)
