"""The guard: one timer, one watcher, a cause for every interrupt."""

import asyncio

import pytest

from app.gateway.guard import Cause, Guard
from tests.unit.gateway.builders import ManualClock


async def never() -> None:
    await asyncio.get_running_loop().create_future()


async def interrupted_by(clock: ManualClock, guard_ready: asyncio.Event, seconds: float) -> None:
    await guard_ready.wait()
    await clock.advance(seconds)


async def caught(guard: Guard) -> Cause | None:
    with pytest.raises(asyncio.CancelledError):
        await never()
    return guard.take()


async def run(clock: ManualClock, wait: float, *arms: tuple[Cause, float]) -> Cause | None:
    guard = Guard(clock, total=100.0)
    for why, seconds in arms:
        guard.arm(why, seconds)
    task = asyncio.create_task(clock.advance(wait))
    cause = await caught(guard)
    await task
    await guard.close()
    return cause


async def test_the_armed_time_interrupts_with_its_cause() -> None:
    assert await run(ManualClock(), 5.0, (Cause.CLIENT_STALLED, 5.0)) is Cause.CLIENT_STALLED


async def test_arming_again_replaces_the_cause_and_may_be_sooner() -> None:
    assert (
        await run(ManualClock(), 2.0, (Cause.CLIENT_STALLED, 50.0), (Cause.CLIENT_STALLED, 2.0))
        is Cause.CLIENT_STALLED
    )


async def test_the_total_wins_over_a_later_time() -> None:
    assert await run(ManualClock(), 100.0, (Cause.CLIENT_STALLED, 500.0)) is Cause.TOTAL


async def test_a_timer_that_fires_before_the_armed_time_waits_on() -> None:
    clock = ManualClock()
    guard = Guard(clock, total=100.0)
    guard.arm(Cause.CLIENT_STALLED, 5.0)
    await clock.advance(4.0)
    guard.arm(Cause.CLIENT_STALLED, 5.0)
    await clock.advance(4.0)  # the first timer has fired: nothing may happen
    task = asyncio.create_task(clock.advance(1.0))
    assert await caught(guard) is Cause.CLIENT_STALLED
    await task
    await guard.close()


async def test_a_disarmed_guard_only_knows_the_total() -> None:
    clock = ManualClock()
    guard = Guard(clock, total=100.0)
    guard.arm(Cause.CLIENT_STALLED, 5.0)
    guard.disarm()
    await clock.advance(50.0)
    task = asyncio.create_task(clock.advance(50.0))
    assert await caught(guard) is Cause.TOTAL
    await task
    await guard.close()


async def test_an_attempt_has_a_limit_that_arming_does_not_move() -> None:
    clock = ManualClock()
    guard = Guard(clock, total=100.0)
    guard.limit(10.0)
    guard.arm(Cause.CLIENT_STALLED, 50.0)
    guard.disarm()
    await clock.advance(9.0)
    task = asyncio.create_task(clock.advance(1.0))
    assert await caught(guard) is Cause.ATTEMPT
    await task
    guard.limit(500.0)
    task = asyncio.create_task(clock.advance(90.0))
    assert await caught(guard) is Cause.TOTAL
    await task
    await guard.close()


async def test_the_client_leaving_interrupts_and_is_remembered() -> None:
    guard = Guard(ManualClock(), total=100.0)

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    guard.watch(receive)
    assert await caught(guard) is Cause.CLIENT_LEFT
    assert guard.left
    await guard.close()
    assert not asyncio.current_task().cancelling()  # type: ignore[union-attr]  # a test is a task


async def test_a_cancellation_from_elsewhere_has_no_cause() -> None:
    async def work() -> None:
        guard = Guard(ManualClock(), total=100.0)
        try:
            await never()
        except asyncio.CancelledError:
            assert guard.take() is None
            raise
        finally:
            await guard.close()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_interrupt_that_comes_too_late_is_swallowed() -> None:
    clock = ManualClock()
    guard = Guard(clock, total=100.0)
    guard.arm(Cause.CLIENT_STALLED, 1.0)
    clock.now += 1.0
    clock.timers[-1].callback()  # cancels this task, which is not waiting
    await guard.close()
    await asyncio.sleep(0)
    assert not asyncio.current_task().cancelling()  # type: ignore[union-attr]  # a test is a task
