"""What completion knows of traffic and configuration."""

from app.db.session import Database
from app.services.rule_hints import KEPT_SECONDS, seen
from tests.support.logs import NOW, exchange, write

FACTS = [
    b'{"endpoint":"responses","headers":{"x-priority":"high","user-agent":"agent"}}',
    b'{"endpoint":"responses","headers":{"x-priority":"high","x-team":"%s"}}' % (b"t" * 61),
    b'{"endpoint":"responses","headers":{"x-priority":"low"}}',
    b'{"endpoint":"responses"}',
]


async def test_headers_and_their_values_come_from_the_log_the_commonest_first(database: Database) -> None:
    await write(database, [exchange(facts=facts) for facts in FACTS])
    await write(database, [exchange(facts=None)])
    async with database.read() as session:
        found = await seen(session)
    assert found.names["headers"][0] == "x-priority"
    assert set(found.names["headers"]) == {"x-priority", "user-agent", "x-team"}
    assert found.values["headers.x-priority"] == ("high", "low")
    assert found.values["headers.x-team"] == ()


async def test_an_empty_database_has_nothing_to_offer(database: Database) -> None:
    async with database.read() as session:
        found = await seen(session)
    assert not any(found.names.values())
    assert not any(found.values.values())


async def test_what_was_read_is_kept_for_some_seconds(database: Database) -> None:
    now = NOW
    async with database.read() as session:
        first = await seen(session, lambda: now)
    await write(database, [exchange(facts=FACTS[0])])
    async with database.read() as session:
        assert await seen(session, lambda: now + KEPT_SECONDS) is first
        assert (await seen(session, lambda: now + KEPT_SECONDS + 1)).names["headers"]
