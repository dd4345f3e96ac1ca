"""Logged requests as samples: from the payload, else from the facts, and what is missing of them."""

from typing import Any

import pytest

from app.common.errors import ResourceNotFound
from app.db.session import Database
from app.domain.exchange import Exchange
from app.repositories.log_store import log_store
from app.services.log_rows import log_row
from app.services.log_samples import LoggedSample, sample_of
from tests.support.logs import request_id, write
from tests.support.replays import Replayable, logged, replayable

SECRET = "sk-abcdefghijklmnopqrstuvwxyz012345"


async def sampled(database: Database, exchange: Exchange, *, with_payload: bool = True) -> LoggedSample:
    if with_payload:
        await write(database, [exchange])
    else:
        store = log_store(database)
        await store.write([log_row(exchange)], [])
        await store.close()
    async with database.read() as session:
        return await sample_of(session, exchange.request_id)


@pytest.fixture
async def made(database: Database) -> Replayable:
    return await replayable(database)


async def test_a_stored_payload_gives_the_whole_request(database: Database, made: Replayable) -> None:
    exchange = logged(
        made, headers=[("X-Tag", "a"), ("x-tag", "é"), ("x-team", "sea")], body={"temperature": 0.4}
    )
    found = await sampled(database, exchange)
    sample = found.sample
    assert (found.missing, found.revision) == ([], exchange.revision)
    assert sample.body == {
        "model": "chat",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.4,
    }
    assert sample.headers == {"x-tag": ("a", "é"), "x-team": "sea"}
    assert sample.api_key is not None
    assert (sample.api_key.id, sample.api_key.name, sample.api_key.tags) == (made.key_id, "team", ("beta",))
    assert (sample.endpoint, sample.client_ip) == ("chat/completions", "192.0.2.7")
    assert sample.at is not None
    assert sample.at.timestamp() == exchange.request_time


async def test_masked_values_stay_masked_and_are_named(database: Database, made: Replayable) -> None:
    image = {"role": "user", "content": [{"url": "data:image/png;base64," + "iVBORw0KGgo" + "A" * 600}]}
    exchange = logged(
        made, headers=[("x-note", SECRET)], body={"user": SECRET, "messages": [image, {"content": "plain"}]}
    )
    found = await sampled(database, exchange)
    assert sorted(found.missing) == [
        "body.messages[0].content[0].url",
        "body.user",
        "headers.x-note",
        "token_usage.input_tokens",
    ]
    assert SECRET not in repr(found)


@pytest.mark.parametrize("with_payload", [True, False])
async def test_facts_stand_in_for_a_payload_that_is_not_whole(
    database: Database, made: Replayable, with_payload: bool
) -> None:
    changes: dict[str, Any] = {"request_size": 99_999} if with_payload else {}
    exchange = logged(
        made, headers=[("x-team", "sea")], body={"temperature": 0.4, "prompt": "long"}, **changes
    )
    found = await sampled(database, exchange, with_payload=with_payload)
    assert found.sample.body == {
        "model": "chat",
        "messages": [{"role": "user", "content": ""}],
        "temperature": 0.4,
    }
    assert found.sample.headers["x-team"] == "sea"
    assert found.sample.input_tokens == 12
    assert found.missing == ["body.prompt", "body.messages", "token_usage.input_tokens"]


async def test_a_row_of_an_older_version_has_its_columns(database: Database, made: Replayable) -> None:
    found = await sampled(
        database, logged(made, facts=None, is_stream=True, api_key_id=999), with_payload=False
    )
    assert found.sample.body == {"model": "chat", "stream": True}
    assert {"body", "headers", "api_key.tags", "api_key.metadata"} <= set(found.missing)


async def test_an_unknown_request_is_not_found(database: Database) -> None:
    async with database.read() as session:
        with pytest.raises(ResourceNotFound):
            await sample_of(session, request_id(0))
