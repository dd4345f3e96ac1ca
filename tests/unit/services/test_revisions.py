"""Revisions: in the transaction of the change, in the order of the commits."""

import asyncio
from typing import Any

from app.db.session import Database
from app.services import revisions
from app.services.revisions import Revisions, difference
from tests.support.configuration import ACTOR


async def record(database: Database, name: str, **fields: object) -> None:
    async with database.transaction() as session:
        await revisions.record(
            session, ACTOR, action="create", resource="thing", resource_id=1, resource_name=name, after=fields
        )


async def test_newest_first(database: Database) -> None:
    for name in "abc":
        await record(database, name, a=1)
    async with database.read() as session:
        found = Revisions(session)
        rows, total = await found.page(resource=None, resource_id=None, name=None, page=1, page_size=2)
        assert ([row.resource_name for row in rows], total) == (["c", "b"], 3)
        rows, total = await found.page(resource=None, resource_id=None, name=None, page=9, page_size=2)
        assert (rows, total) == ([], 3)
        rows, _ = await found.page(resource="thing", resource_id=1, name="a", page=1, page_size=2)
        assert [row.resource_name for row in rows] == ["a"]
        for nothing in ({"resource": "other"}, {"resource_id": 2}, {"name": "d"}, {"name": "\0"}):
            filters: dict[str, Any] = {"resource": None, "resource_id": None, "name": None, **nothing}
            assert await found.page(**filters, page=1, page_size=2) == ([], 0)
        assert (rows[0].actor_kind, rows[0].actor_name) == ("command", "test")


async def test_no_change_no_revision(database: Database) -> None:
    async with database.transaction() as session:
        made = await revisions.record(
            session,
            ACTOR,
            action="update",
            resource="thing",
            resource_id=1,
            resource_name="a",
            before={"a": 1},
            after={"a": 1},
        )
        assert made is None
        assert revisions.SESSION_KEY not in session.info


def test_differences() -> None:
    assert difference({"a": 1, "b": b"x", "c": None}, {"a": 2, "b": b"y", "c": None}) == {
        "a": {"old": 1, "new": 2},
        "b": {"old": "(changed)", "new": "(changed)"},
    }
    assert difference({}, {"a": None, "b": b"y"}) == {"b": {"old": None, "new": "(changed)"}}


async def test_ids_are_in_the_order_of_the_commits(database: Database) -> None:
    """Who has seen revision n must have seen all before it: a later id is never committed first."""
    committed: list[str] = []
    first_has_its_id, go_on = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with database.transaction() as session:
            await revisions.lock(session)
            await revisions.record(
                session,
                ACTOR,
                action="create",
                resource="thing",
                resource_id=1,
                resource_name="first",
                after={"a": 1},
            )
            first_has_its_id.set()
            await go_on.wait()
        committed.append("first")

    async def second() -> None:
        await record(database, "second", a=1)
        committed.append("second")

    async with asyncio.timeout(20):
        one = asyncio.create_task(first())
        await first_has_its_id.wait()
        two = asyncio.create_task(second())
        assert await asyncio.wait({two}, timeout=0.3) == (set(), {two})
        go_on.set()
        await asyncio.gather(one, two)
    async with database.read() as session:
        rows, _ = await Revisions(session).page(
            resource=None, resource_id=None, name=None, page=1, page_size=9
        )
    assert [row.resource_name for row in reversed(rows)] == ["first", "second"]
    assert committed == ["first", "second"]
