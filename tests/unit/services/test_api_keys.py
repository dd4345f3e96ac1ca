"""API keys: the value is shown once, hashes are all that is kept, rotation overlaps."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.api.admin.schemas.api_key import ApiKeyCreate, ApiKeyUpdate
from app.common.clock import SystemClock
from app.common.errors import PreconditionFailed, ResourceNotFound, ValidationFailed
from app.common.secrets import Keyring, is_well_formed
from app.db.session import Database
from app.services.api_keys import ApiKeys
from app.services.resource import etag
from app.services.revisions import Revisions
from tests.support.configuration import ACTOR, Configuration

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class FixedClock(SystemClock):
    def time(self) -> float:
        return NOW.timestamp()


async def test_only_a_hash_is_kept(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        row, value = await Configuration(session, keyring).api_key(
            metadata={"team": "a", "n": 1.5, "b": True}
        )
    assert is_well_formed(value)
    async with database.read() as session:
        row = await Configuration(session, keyring).api_keys.get(row.id)
        assert row.key_hash == keyring.api_key_digest(value)
        assert (row.prefix, row.last4) == (value[:8], value[-4:])
        assert row.labels == {"team": "a", "n": 1.5, "b": True}
        revisions, _ = await Revisions(session).page(
            resource="api_key", resource_id=row.id, name=None, page=1, page_size=10
        )
    assert value not in str(revisions[0].changes)
    assert revisions[0].changes["key_hash"] == {"old": None, "new": "(changed)"}


async def test_unknown_models_are_typing_errors(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        await configuration.model("a")
        with pytest.raises(ValidationFailed) as caught:
            await configuration.api_key(allowed_models=["a", "b", "a", "c"])
        assert [(fault.pointer, fault.code) for fault in caught.value.errors] == [
            ("/allowed_models/1", "unknown_model"),
            ("/allowed_models/3", "unknown_model"),
        ]
        row, _ = await configuration.api_key(allowed_models=[])
        assert row.allowed_models == []
        row = await configuration.api_keys.update(row.id, ApiKeyUpdate(allowed_models=["a"]))
        await configuration.models.delete("a")
        row = await configuration.api_keys.update(row.id, ApiKeyUpdate(allowed_models=["a"]))
        row = await configuration.api_keys.update(row.id, ApiKeyUpdate(allowed_models=None))
        assert row.allowed_models is None
        with pytest.raises(ValidationFailed):
            await configuration.api_keys.update(row.id, ApiKeyUpdate(allowed_models=["a"]))


async def test_times_are_kept_in_utc(database: Database, keyring: Keyring) -> None:
    elsewhere = timezone(timedelta(hours=5, minutes=30))
    async with database.transaction() as session:
        row, _ = await ApiKeys(session, ACTOR, keyring).create(
            ApiKeyCreate(name="k", expires_at=NOW.astimezone(elsewhere))
        )
        assert row.expires_at is not None
        assert row.expires_at.utcoffset() == timedelta(0)
    async with database.read() as session:
        assert (await ApiKeys(session, ACTOR, keyring).get(row.id)).expires_at == NOW


async def test_disabling_and_enabling(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        api_keys = Configuration(session, keyring).api_keys
        row, _ = await api_keys.create(ApiKeyCreate(name="k"))
        for is_active in (False, False, True):
            row = await api_keys.set_active(row.id, is_active)
            assert row.is_active is is_active
        with pytest.raises(PreconditionFailed):
            await api_keys.set_active(row.id, False, '"0-0"')
        revisions, _ = await Revisions(session).page(
            resource=None, resource_id=None, name="k", page=1, page_size=10
        )
        assert [revision.action for revision in revisions] == ["enable", "disable", "create"]
        with pytest.raises(ResourceNotFound):
            await api_keys.set_active(row.id + 1, True)


async def test_rotation(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        api_keys = ApiKeys(session, ACTOR, keyring, FixedClock())
        row, first = await api_keys.create(ApiKeyCreate(name="k"))
        row, second = await api_keys.rotate(row.id, 60, etag(row))
        assert row.key_hash == keyring.api_key_digest(second)
        assert row.previous_hash == keyring.api_key_digest(first)
        assert row.previous_valid_until == NOW + timedelta(seconds=60)
        row, third = await api_keys.rotate(row.id, 60)
        assert row.previous_hash == keyring.api_key_digest(second)
        row, fourth = await api_keys.rotate(row.id, 0)
        assert (row.previous_hash, row.previous_valid_until) == (None, None)
        assert row.last4 == fourth[-4:]
        assert len({first, second, third, fourth}) == 4


async def test_a_removed_key_is_gone(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        api_keys = Configuration(session, keyring).api_keys
        row, _ = await api_keys.create(ApiKeyCreate(name="k"))
        await api_keys.delete(row.id)
        for call in (api_keys.get(row.id), api_keys.delete(row.id), api_keys.rotate(row.id, 0)):
            with pytest.raises(ResourceNotFound):
                await call
