"""Providers: credentials go in and never out, hosts don't change behind their backs, nothing in use is removed."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.provider import ProviderUpdate
from app.common.errors import Conflict, PreconditionFailed, ResourceNotFound, ValidationFailed
from app.common.secrets import DecryptionError, Keyring
from app.db.session import Database
from app.db.tables.provider import CREDENTIAL_PLACE
from app.services.resource import etag
from app.services.revisions import Revisions
from tests.support.configuration import CREDENTIAL, Configuration


async def changes(session: AsyncSession, resource: str = "provider") -> list[tuple[str, dict[str, Any]]]:
    rows, _ = await Revisions(session).page(
        resource=resource, resource_id=None, name=None, page=1, page_size=100
    )
    return [(row.action, row.changes) for row in reversed(rows)]


async def test_a_credential_is_stored_sealed(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        made = await Configuration(session, keyring).provider()
    async with database.read() as session:
        row = await Configuration(session, keyring).providers.get(made.id)
        sealed = row.credential_ciphertext
        assert sealed is not None
        assert CREDENTIAL.encode() not in sealed
        assert keyring.decrypt(sealed, CREDENTIAL_PLACE.format(row.id)) == CREDENTIAL
        assert (row.credential_hint, row.credential_env) == (CREDENTIAL[-4:], None)
        assert row.created_at.tzinfo is not None


async def test_ciphertexts_of_two_rows_cannot_be_swapped(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        one, two = [await Configuration(session, keyring).provider(name) for name in ("one", "two")]
    assert one.credential_ciphertext is not None
    with pytest.raises(DecryptionError):
        keyring.decrypt(one.credential_ciphertext, CREDENTIAL_PLACE.format(two.id))


async def test_saving_without_a_credential_keeps_it(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        row = await configuration.provider()
        sealed, version = row.credential_ciphertext, row.version
        row = await configuration.providers.update(row.id, ProviderUpdate(notes="n"))
        assert (row.credential_ciphertext, row.version) == (sealed, version + 1)
        row = await configuration.providers.update(row.id, ProviderUpdate(notes="n"))
        assert row.version == version + 1
        row = await configuration.providers.update(row.id, ProviderUpdate(credential=None))
        assert (row.credential_ciphertext, row.credential_hint) == (None, None)
        row = await configuration.providers.update(row.id, ProviderUpdate(credential="env:SOME_KEY"))
        assert (row.credential_ciphertext, row.credential_env) == (None, "SOME_KEY")
        assert [action for action, _ in await changes(session)] == ["create", "update", "update", "update"]


async def test_revisions_show_no_secrets(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        row = await configuration.provider()
        await configuration.providers.update(
            row.id, ProviderUpdate(credential="sk-other-9876543210", notes="n")
        )
        await configuration.providers.update(row.id, ProviderUpdate(credential="env:SOME_KEY"))
        await configuration.providers.update(row.id, ProviderUpdate(credential=None))
        await configuration.providers.delete(row.id)
    async with database.read() as session:
        found = await changes(session)
    assert [action for action, _ in found] == ["create", "update", "update", "update", "delete"]
    assert found[0][1]["credential"] == {"old": None, "new": "(changed)"}
    assert found[1][1] == {
        "credential": {"old": "(changed)", "new": "(changed)"},
        "notes": {"old": "", "new": "n"},
    }
    assert found[2][1]["credential"] == {"old": "(changed)", "new": "env:SOME_KEY"}
    assert found[3][1] == {"credential": {"old": "env:SOME_KEY", "new": None}}
    assert found[4][1]["name"] == {"old": "openai", "new": None}


@pytest.mark.parametrize(
    ("base_url", "moves"),
    [
        ("https://api.example.com/v2", False),
        ("https://API.example.com:443/v1", False),
        ("https://api.example.com:8443/v1", True),
        ("http://api.example.com/v1", True),
        ("https://other.example.com/v1", True),
    ],
)
@pytest.mark.parametrize("credential", [CREDENTIAL, "env:SOME_KEY"])
async def test_a_credential_does_not_follow_to_another_host(
    sqlite_database_url: str, keyring: Keyring, base_url: str, moves: bool, credential: str
) -> None:
    database = Database(sqlite_database_url)
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        row = await configuration.provider(credential=credential)
        if moves:
            with pytest.raises(Conflict) as caught:
                await configuration.providers.update(row.id, ProviderUpdate(base_url=base_url))
            assert caught.value.code == "credential_required"
            row = await configuration.providers.update(
                row.id, ProviderUpdate(base_url=base_url, credential="sk-new-one-0123456789")
            )
            assert row.credential_hint == "6789"
        else:
            row = await configuration.providers.update(row.id, ProviderUpdate(base_url=base_url))
        assert row.base_url == base_url
    await database.aclose()


async def test_without_a_credential_the_host_may_change(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        row = await configuration.provider(credential=None)
        row = await configuration.providers.update(
            row.id, ProviderUpdate(base_url="https://other.example.com")
        )
        assert row.base_url == "https://other.example.com"


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"base_url": "http://169.254.169.254/latest"}, "/base_url", "blocked_url"),
        ({"base_url": "ftp://api.example.com"}, "/base_url", "blocked_url"),
        ({"credential": "env:LLM_GATEWAY_ANYTHING"}, "/credential", "env_not_allowed"),
        ({"credential": "env:encryption_key"}, "/credential", "env_not_allowed"),
        ({"credential": "env:not a name"}, "/credential", "invalid_env"),
        ({"credential": "env:"}, "/credential", "invalid_env"),
        ({"headers": {"X-Api-Key": "v"}}, "/headers/X-Api-Key", "credential_header"),
        ({"headers": {"authorization": "v"}}, "/headers/authorization", "credential_header"),
        ({"headers": {"Content-Length": "1"}}, "/headers/Content-Length", "header_not_allowed"),
        ({"headers": {"accept-encoding": "br"}}, "/headers/accept-encoding", "header_not_allowed"),
        ({"headers": {"x-a": "1", "X-A": "2"}}, "/headers/X-A", "header_twice"),
    ],
)
async def test_what_a_provider_must_not_have(
    sqlite_database_url: str, keyring: Keyring, fields: dict[str, Any], pointer: str, code: str
) -> None:
    database = Database(sqlite_database_url)
    async with database.transaction() as session:
        with pytest.raises(ValidationFailed) as caught:
            await Configuration(session, keyring).provider(**fields)
        assert [(fault.pointer, fault.code) for fault in caught.value.errors] == [(pointer, code)]
    async with database.read() as session:
        assert await changes(session) == []
    await database.aclose()


async def test_names_are_unique_and_case_matters(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        first = await configuration.provider("one")
        await configuration.provider("One")
        with pytest.raises(Conflict) as caught:
            await configuration.provider("one")
        assert caught.value.code == "name_taken"
        with pytest.raises(Conflict):
            await configuration.providers.update(first.id, ProviderUpdate(name="One"))
        await configuration.providers.update(first.id, ProviderUpdate(name="one"))


async def test_if_match(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        row = await configuration.provider()
        for form in ("{}", "*", '"x", {}'):
            if_match = form.format(etag(row))
            row = await configuration.providers.update(row.id, ProviderUpdate(notes=if_match), if_match)
        old = etag(row)
        for if_match in ('"1-1"', f"W/{old}", "", old.strip('"')):
            with pytest.raises(PreconditionFailed) as caught:
                await configuration.providers.update(row.id, ProviderUpdate(notes="no"), if_match)
            assert caught.value.etag == old
        with pytest.raises(PreconditionFailed):
            await configuration.providers.delete(row.id, '"1-1"')
        await configuration.providers.delete(row.id, old)


async def test_an_etag_does_not_come_back_with_the_name(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        first = await configuration.provider()
        await configuration.providers.delete(first.id)
        assert etag(await configuration.provider()) != etag(first)


async def test_a_provider_in_use_stays(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        row = await configuration.provider()
        for number in range(7):
            await configuration.model(f"model-{number}", row, row)
        with pytest.raises(
            Conflict, match="model-0, model-1, model-2, model-3, model-4 and 2 more"
        ) as caught:
            await configuration.providers.delete(row.id)
        assert caught.value.code == "provider_in_use"
        for number in range(7):
            await configuration.models.delete(f"model-{number}")
        await configuration.providers.delete(row.id)


@pytest.mark.parametrize("unknown", [0, -1, 12345, 2**63, 10**30])
async def test_no_such_provider(database: Database, keyring: Keyring, unknown: int) -> None:
    async with database.transaction() as session:
        providers = Configuration(session, keyring).providers
        with pytest.raises(ResourceNotFound):
            await providers.get(unknown)
        with pytest.raises(ResourceNotFound):
            await providers.update(unknown, ProviderUpdate())
        with pytest.raises(ResourceNotFound):
            await providers.delete(unknown)
