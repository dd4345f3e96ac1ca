"""A snapshot made of what has changed is the same as one made of everything, whatever has happened in between."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.common.clock import SystemClock
from app.common.errors import Problem
from app.common.secrets import Keyring
from app.repositories.revisions import RevisionRepository
from tests.support.changes import BEGIN, EVERY_KIND, MOSTS, STEPS, walk
from tests.support.hotpath import until
from tests.unit.rules.builders import facts


@pytest.mark.parametrize("most", MOSTS)
async def test_every_kind_of_change(migrated_sqlite: Path, keyring: Keyring, most: tuple[int, int]) -> None:
    async with walk(migrated_sqlite, keyring, most) as following:
        for step in [*BEGIN, *EVERY_KIND]:
            await following.step(step)
            await following.compare()


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.one_of(STEPS, st.just(("look",))), min_size=20, max_size=50),
    most=st.sampled_from(MOSTS),
)
async def test_any_sequence_of_changes(
    migrated_sqlite: Path, keyring: Keyring, steps: list[Any], most: tuple[int, int]
) -> None:
    async with walk(migrated_sqlite, keyring, most) as following:
        for step in [*BEGIN, ("look",), *steps, ("look",)]:
            with suppress(Problem):  # it makes no sense in this state; nothing may have changed
                await following.step(step)


class Instant(SystemClock):
    """Sleeps are over at once."""

    async def sleep(self, seconds: float) -> None:  # a clock's signature
        await asyncio.sleep(0)


async def test_what_was_deferred_is_compiled_between_polls(migrated_sqlite: Path, keyring: Keyring) -> None:
    async with walk(migrated_sqlite, keyring, (1, 1)) as following:
        for step in [*BEGIN, ("wrong rule", "b")]:
            await following.step(step)
        service = following.service(Instant())
        await service.refresh()
        assert service.problems == []
        assert service.current.routes["b"].rules.choose(facts()) == ()
        polling = asyncio.create_task(service.run())
        async with asyncio.timeout(20):
            await until(lambda: bool(service.problems))
        assert list(service.current.routes) == ["a"]
        polling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polling


async def test_too_many_changes_are_not_listed(migrated_sqlite: Path, keyring: Keyring) -> None:
    async with walk(migrated_sqlite, keyring, MOSTS[0]) as following:
        for step in BEGIN:
            await following.step(step)
        async with following.database.read() as session:
            history = RevisionRepository(session)
            first, second, *_ = await history.since(0)
            assert await history.changes((first.id, first.at), 2) is None
            found = await history.changes((first.id, first.at), 100)
            assert found is not None
            assert (found[0].id, found[0].resource, found[0].at) == (second.id, second.resource, second.at)
            assert await history.changes((first.id, second.at), 100) is None
            assert await history.changes((10**6, first.at), 100) is None
