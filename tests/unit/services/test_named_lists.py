"""Named lists: who uses them, what revisions keep of them, and how fresh the snapshot is."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.model import ModelUpdate
from app.api.admin.schemas.named_list import ListName, NamedListCreate, NamedListUpdate
from app.api.admin.schemas.target import TargetUpdate
from app.common.errors import Conflict, PreconditionFailed, ResourceNotFound, ValidationFailed
from app.common.secrets import Keyring
from app.config import Settings
from app.db.session import Database
from app.domain.api_key import ApiKey
from app.domain.snapshot import Route
from app.repositories.named_lists import NamedListRepository
from app.rules.context import Facts
from app.services.named_lists import MOST, NamedLists, warnings
from app.services.resource import etag
from app.services.revisions import Revisions
from app.services.snapshot import SnapshotService
from app.services.targets import Targets
from rules_grammar import GRAMMAR
from tests.support.configuration import ACTOR, Configuration

NOTHING_MORE = r"(?![\s\S])"
RULE = "api_key.name in $vip_keys"


def lists(session: AsyncSession) -> NamedLists:
    return NamedLists(session, ACTOR)


async def made(session: AsyncSession, keyring: Keyring, **fields: Any) -> Configuration:
    """A list `vip_keys` and a model `m` with one target."""
    await lists(session).create(NamedListCreate(name="vip_keys", entries=["a", "b", "a"]))
    configuration = Configuration(session, keyring)
    provider = await configuration.provider("one")
    await configuration.model("m", provider, **fields)
    return configuration


async def changes(session: AsyncSession) -> list[tuple[str, dict[str, Any]]]:
    rows, _ = await Revisions(session).page(
        resource="named_list", resource_id=None, name=None, page=1, page_size=100
    )
    return [(row.action, row.changes) for row in reversed(rows)]


async def test_entries_are_kept_once_in_their_order(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        await made(session, keyring)
        row, users = await lists(session).change_entries("vip_keys", add=["c", "b"], remove=["a", "z"])
        assert (row.entries, users) == (["b", "c"], [])
    async with database.read() as session:
        assert await NamedListRepository(session).entries() == {"vip_keys": frozenset("bc")}
        found, total = await lists(session).page(search="VIP", sort="-name", page=1, page_size=5)
        assert ([(head.name, head.entry_count) for head, _ in found], total) == ([("vip_keys", 2)], 1)
        with pytest.raises(ResourceNotFound):
            await lists(session).get("none")


async def test_revisions_hold_what_came_and_went(database: Database) -> None:
    names = [f"key-{number}" for number in range(1000)]
    async with database.transaction() as session:
        service = lists(session)
        await service.create(NamedListCreate(name="l", entries=names))
        await service.change_entries("l", add=["new"], remove=["key-7"])
        await service.change_entries("l", add=["new"], remove=["key-7"])
        await service.update("l", NamedListUpdate(entries=[*reversed(names)], notes="n"))
        await service.update("l", NamedListUpdate(entries=names))
        await service.delete("l")
        create, add, replace, order, delete = await changes(session)
    assert create == (
        "create",
        {
            "name": {"old": None, "new": "l"},
            "entries": {"old": None, "new": names},
            "notes": {"old": None, "new": ""},
        },
    )
    assert add == (
        "update",
        {"removed": {"old": ["key-7"], "new": None}, "added": {"old": None, "new": ["new"]}},
    )
    assert replace[1] == {
        "notes": {"old": "", "new": "n"},
        "removed": {"old": ["new"], "new": None},
        "added": {"old": None, "new": ["key-7"]},
    }
    assert order == ("update", {"order": {"old": None, "new": "changed"}})
    assert delete[1]["entries"] == {"old": names, "new": None}


async def test_versions(database: Database) -> None:
    async with database.transaction() as session:
        service = lists(session)
        row, _ = await service.create(NamedListCreate(name="l"))
        first = etag(row)
        await service.change_entries("l", add=["a"], remove=[], if_match=first)
        with pytest.raises(PreconditionFailed) as caught:
            await service.change_entries("l", add=["b"], remove=[], if_match=first)
        assert caught.value.etag == etag(row)
        with pytest.raises(PreconditionFailed):
            await service.delete("l", first)
        with pytest.raises(Conflict, match="name is taken"):
            await service.create(NamedListCreate(name="l"))


async def test_a_list_in_use_keeps_its_name(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = await made(session, keyring, rule=RULE)
        await lists(session).create(NamedListCreate(name="vip"))
        _, targets = await configuration.models.get("m")
        await Targets(session, ACTOR).update(
            "m", targets[0][0].id, TargetUpdate(rule='model == "$vip" or api_key.name not in $vip_keys')
        )
        for attempt in (
            lists(session).delete("vip_keys"),
            lists(session).update("vip_keys", NamedListUpdate(name="other")),
        ):
            with pytest.raises(Conflict, match=r"model `m`, model `m`, target `one/one`\.") as caught:
                await attempt
            assert caught.value.code == "list_in_use"
        await lists(session).update("vip", NamedListUpdate(name="other"))
        await lists(session).delete("other")
        with pytest.raises(Conflict, match="name is taken"):
            await lists(session).create(NamedListCreate(name="vip_keys"))


async def test_a_rule_names_lists_that_are_there(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = await made(session, keyring)
        with pytest.raises(ValidationFailed) as caught:
            await configuration.models.update("m", ModelUpdate(rule="api_key.name in $vip_key"))
        (fault,) = caught.value.errors
        assert (fault.pointer, fault.code, fault.span) == ("/rule", "RULE_UNKNOWN_LIST", (16, 24))
        assert fault.suggestion == "did you mean `$vip_keys`?"


def test_names_are_those_of_the_grammar() -> None:
    (meta,) = ListName.__metadata__
    assert f"LIST_NAME: /\\${meta.pattern.removeprefix('^').removesuffix(NOTHING_MORE)}/" in GRAMMAR


async def test_too_many_entries(database: Database) -> None:
    async with database.transaction() as session:
        await lists(session).create(NamedListCreate(name="l", entries=[str(n) for n in range(MOST)]))
        await lists(session).change_entries("l", add=["x"], remove=["0"])
        with pytest.raises(ValidationFailed, match="at most 100,000"):
            await lists(session).change_entries("l", add=["y"], remove=[])


async def test_entries_that_are_no_addresses_are_pointed_out(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        await made(session, keyring, rule="client.ip in $vip_keys or " + RULE)
        stored = await lists(session).update("vip_keys", NamedListUpdate(entries=["10.0.0.0/8", "nobody"]))
        (warning,) = await warnings(stored)
        assert warning.startswith(
            "model `m`: `$vip_keys` has entries that are no addresses, such as `nobody`"
        )
        assert (
            await warnings(await lists(session).change_entries("vip_keys", add=[], remove=["nobody"])) == []
        )


def offered(route: Route, name: str) -> bool:
    facts = Facts(b"{}", [], "chat/completions", "m", False, ApiKey(1, name), None, 0.0)
    return bool(route.rules.choose(facts))


async def test_the_snapshot_serves_changed_entries_and_relinks_what_names_them(
    database: Database, keyring: Keyring
) -> None:
    snapshot = SnapshotService(database, keyring, Settings(), environ={})
    async with database.transaction() as session:
        configuration = await made(session, keyring, rule=RULE)
        await lists(session).create(NamedListCreate(name="other"))
        provider = await configuration.provider("two")
        await configuration.model("n", provider, rule="api_key.name in $other")
    await snapshot.refresh()
    before = dict(snapshot.current.routes)
    assert (offered(before["m"], "a"), offered(before["m"], "c")) == (True, False)

    async with database.transaction() as session:
        await lists(session).change_entries("vip_keys", add=["c"], remove=["a"])
        await lists(session).create(NamedListCreate(name="third"))
    await snapshot.refresh()
    after = snapshot.current.routes
    assert (offered(after["m"], "a"), offered(after["m"], "c")) == (False, True)
    assert after["n"] is before["n"]
    assert snapshot.problems == []


async def test_a_wrong_rule_never_reaches_a_snapshot(database: Database, keyring: Keyring) -> None:
    """Put past the services: a list that has gone, a type error, a text that is no rule."""
    snapshot = SnapshotService(database, keyring, Settings(), environ={})
    async with database.transaction() as session:
        configuration = await made(session, keyring)
        provider = await configuration.provider("two")
        for name, rule in (
            ("list", "api_key.name in $gone"),
            ("type", 'body.temperature <= "0.5"'),
            ("text", "model =="),
        ):
            row, targets = await configuration.model(name, provider)
            if name == "type":
                targets[0][0].rule = rule
            else:
                row.rule = rule
    await snapshot.refresh()
    assert list(snapshot.current.routes) == ["m"]
    assert [problem.partition(":")[0] for problem in snapshot.problems] == [
        "model list",
        "model type",
        "model text",
    ]
    assert "RULE_UNKNOWN_LIST" in snapshot.problems[0]
    async with database.transaction() as session:
        await lists(session).create(NamedListCreate(name="gone", entries=["a"]))
    await snapshot.refresh()
    assert offered(snapshot.current.routes["list"], "a")
