"""Guards: a look once a tick, a cause for every interrupt."""

import asyncio

import pytest

from app.gateway.client import AsgiClient, Receive
from app.gateway.guard import TICK, Cause, Guard, Guards
from tests.unit.gateway.builders import ManualClock


async def never() -> None:
    await asyncio.get_running_loop().create_future()


async def caught(guard: Guard) -> Cause | None:
    with pytest.raises(asyncio.CancelledError):
        await never()
    return guard.take()


def client_of(receive: Receive) -> AsgiClient:
    async def send(_message: object) -> None: ...

    scope = {"method": "POST", "path": "/", "query_string": b"", "headers": []}
    return AsgiClient(scope, receive, send)


async def close(guard: Guard) -> None:
    if guard.end():
        await guard.swallow()


async def run(clock: ManualClock, wait: float, *arms: tuple[Cause, float]) -> Cause | None:
    guard = Guards(clock).open(100.0)
    for why, seconds in arms:
        guard.arm(why, seconds)
    task = asyncio.create_task(clock.advance(wait))
    cause = await caught(guard)
    await task
    await close(guard)
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


async def test_arming_again_in_time_puts_the_interrupt_off() -> None:
    clock = ManualClock()
    guard = Guards(clock).open(100.0)
    guard.arm(Cause.CLIENT_STALLED, 5.0)
    await clock.advance(4.0)
    guard.arm(Cause.CLIENT_STALLED, 5.0)
    await clock.advance(4.0)  # the first time has passed: nothing may happen
    task = asyncio.create_task(clock.advance(1.0))
    assert await caught(guard) is Cause.CLIENT_STALLED
    await task
    await close(guard)


async def test_a_disarmed_guard_only_knows_the_total() -> None:
    clock = ManualClock()
    guard = Guards(clock).open(100.0)
    guard.arm(Cause.CLIENT_STALLED, 5.0)
    guard.disarm()
    await clock.advance(50.0)
    task = asyncio.create_task(clock.advance(50.0))
    assert await caught(guard) is Cause.TOTAL
    await task
    await close(guard)


async def test_an_attempt_has_a_limit_that_arming_does_not_move() -> None:
    clock = ManualClock()
    guard = Guards(clock).open(100.0)
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
    await close(guard)


async def test_the_client_leaving_interrupts_and_is_remembered() -> None:
    clock = ManualClock()
    guard = Guards(clock).open(100.0)

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    guard.watch(client_of(receive))
    task = asyncio.create_task(clock.advance(TICK))
    assert await caught(guard) is Cause.CLIENT_LEFT
    await task
    assert guard.left
    await close(guard)
    assert not asyncio.current_task().cancelling()  # type: ignore[union-attr]  # a test is a task


async def test_a_request_that_ends_within_a_tick_is_never_watched() -> None:
    clock = ManualClock()
    guards = Guards(clock)

    async def receive() -> dict[str, str]:
        raise AssertionError("nobody asks")

    for _ in range(3):
        guard = guards.open(100.0)
        guard.watch(client_of(receive))
        await close(guard)
    assert len(clock.timers) == 1
    await clock.advance(TICK)
    assert clock.timers == [], "and no timer goes on when nothing is open"


async def test_the_total_interrupts_once() -> None:
    clock = ManualClock()
    guard = Guards(clock).open(10.0)
    task = asyncio.create_task(clock.advance(10.0))
    assert await caught(guard) is Cause.TOTAL
    await task
    guard.arm(Cause.CLIENT_STALLED, 5.0)
    await clock.advance(4.0)
    task = asyncio.create_task(clock.advance(1.0))
    assert await caught(guard) is Cause.CLIENT_STALLED, "there is time to tell the client"
    await task
    await close(guard)


async def test_a_cancellation_from_elsewhere_has_no_cause() -> None:
    async def work() -> None:
        guard = Guards(ManualClock()).open(100.0)
        try:
            await never()
        except asyncio.CancelledError:
            assert guard.take() is None
            raise
        finally:
            await close(guard)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_interrupt_that_comes_too_late_is_swallowed() -> None:
    clock = ManualClock()
    guard = Guards(clock).open(100.0)
    guard.arm(Cause.CLIENT_STALLED, 1.0)
    clock.now += 1.0
    clock.timers[-1].callback()  # a tick: it cancels this task, which is not waiting
    await close(guard)
    await asyncio.sleep(0)
    assert not asyncio.current_task().cancelling()  # type: ignore[union-attr]  # a test is a task
