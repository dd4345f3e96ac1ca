"""All kinds of changes to a configuration, and a snapshot that follows them beside one that reads everything."""

import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import select

from app.api.admin.schemas.api_key import ApiKeyUpdate
from app.api.admin.schemas.model import ModelUpdate
from app.api.admin.schemas.named_list import NamedListCreate, NamedListUpdate
from app.api.admin.schemas.provider import ProviderUpdate
from app.api.admin.schemas.target import TargetCreate, TargetUpdate
from app.common.clock import SystemClock
from app.common.secrets import Keyring
from app.config import Settings
from app.db.session import Database
from app.db.tables.model import ModelRow
from app.db.tables.named_list import NamedListRow
from app.db.tables.target import TargetRow
from app.domain.snapshot import RoutingSnapshot
from app.repositories.revisions import RevisionRepository
from app.services import revisions
from app.services.named_lists import NamedLists
from app.services.reverts import Reverts
from app.services.snapshot import SnapshotService
from app.services.targets import Targets
from tests.support.configuration import ACTOR, Configuration
from tests.support.databases import sqlite_url
from tests.unit.rules.builders import facts

NAMES = st.sampled_from("ab")
LISTS = st.sampled_from(["x", "y"])
PLACES = st.integers(0, 3)
RULES = st.sampled_from(
    [
        "",
        "stream",
        'headers.x-priority == "high"',
        'model == "a" or body.temperature > 1.5',
        "token_usage.input_tokens > 10",
        "api_key.name in $x",
        'api_key.name in $x or client.ip in $y or body.user == "$y"',
        "not (api_key.name in $y)",
    ]
)
STEPS = st.one_of(
    st.tuples(
        st.just("provider"), NAMES, st.sampled_from(["sk-0123456789abcdef0123", "env:HERE", "env:NOT"])
    ),
    st.tuples(st.just("change provider"), NAMES, st.sampled_from([1.0, 2.0])),
    st.tuples(st.just("switch provider"), NAMES, st.booleans()),
    st.tuples(st.just("rename provider"), NAMES, NAMES),
    st.tuples(st.just("drop provider"), NAMES),
    st.tuples(st.just("model"), NAMES, RULES, st.lists(st.tuples(NAMES, RULES), max_size=3)),
    st.tuples(st.just("rule"), NAMES, RULES),
    st.tuples(st.just("rename model"), NAMES, NAMES),
    st.tuples(st.just("switch model"), NAMES, st.booleans()),
    st.tuples(st.just("drop model"), NAMES),
    st.tuples(st.just("target"), NAMES, NAMES, RULES),
    st.tuples(st.just("target rule"), NAMES, PLACES, RULES),
    st.tuples(st.just("switch target"), NAMES, PLACES, st.booleans()),
    st.tuples(st.just("move target"), NAMES, PLACES),
    st.tuples(st.just("drop target"), NAMES, PLACES),
    st.tuples(st.just("key"), st.none() | st.just(["a"]), st.none() | st.integers(30, 300)),
    st.tuples(st.just("change key"), PLACES, st.none() | st.integers(30, 300)),
    st.tuples(st.just("switch key"), PLACES, st.booleans()),
    st.tuples(st.just("rotate key"), PLACES, st.integers(0, 200)),
    st.tuples(st.just("drop key"), PLACES),
    st.tuples(st.just("list"), LISTS, st.lists(st.sampled_from(["ci", "other"]), unique=True)),
    st.tuples(st.just("entries"), LISTS, st.lists(st.sampled_from(["ci", "other"]), unique=True)),
    st.tuples(st.just("rename list"), LISTS, LISTS),
    st.tuples(st.just("drop list"), LISTS),
    st.tuples(st.just("revert"), st.integers(0, 5)),
    st.tuples(st.just("wrong rule"), NAMES),
    st.tuples(st.just("wrong target rule"), PLACES),
    st.tuples(st.just("list lost"), LISTS),
    st.just(("settle",)),
    st.just(("later",)),
    st.just(("back up",)),
    st.just(("restore",)),
)
BEGIN = [
    ("list", "x", ["ci"]),
    ("list", "y", []),
    ("provider", "a", "env:HERE"),
    ("provider", "b", "sk-0123456789abcdef0123"),
    ("model", "a", "stream", [("a", "api_key.name in $x"), ("b", "")]),
    ("model", "b", "api_key.name in $x", [("b", "not (api_key.name in $y)"), ("b", "stream")]),
    ("key", None, 100),
    ("back up",),
]
EVERY_KIND = [
    ("change provider", "a", 2.0),
    ("switch provider", "b", False),
    ("rule", "b", 'headers.x-priority == "high"'),
    ("switch provider", "b", True),
    ("rename provider", "a", "c"),
    ("provider", "n", "env:NOT"),
    ("target", "a", "n", "stream"),
    ("rename provider", "n", "m"),
    ("model", "c", 'model == "c"', [("b", "token_usage.input_tokens > 10"), ("c", "")]),
    ("target rule", "c", 1, 'api_key.name in $x or body.user == "$y"'),
    ("switch target", "c", 0, False),
    ("move target", "b", 1),
    ("entries", "x", ["other"]),
    ("entries", "y", ["ci", "other"]),
    ("list", "z", ["ci"]),
    ("list lost", "y"),
    ("change provider", "b", 3.0),
    ("list", "y", ["ci"]),
    ("rename model", "a", "d"),
    ("rename model", "b", "a"),
    ("switch model", "c", False),
    ("drop target", "d", 0),
    ("key", ["a"], None),
    ("rotate key", 1, 50),
    ("later",),
    ("later",),
    ("rotate key", 1, 500),
    ("switch key", 1, False),
    ("change key", 0, 300),
    ("switch key", 1, True),
    ("drop key", 1),
    ("wrong target rule", 2),
    ("wrong rule", "d"),
    ("rename provider", "b", "e"),
    ("settle",),
    ("switch model", "c", True),
    ("drop model", "c"),
    ("revert", 0),
    ("restore",),
    ("rule", "a", ""),
    ("back up",),
    ("key", None, None),
    ("restore",),
    ("key", None, 90),
    ("drop model", "b"),
]
ASKED = [facts(), facts(stream=False, headers=[("x-priority", "high")]), facts(api_key=None, model="a")]
MOSTS = [(100_000, 8_000), (40, 0), (1, 60)]


class Later(SystemClock):
    """A clock that is put forward."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now


async def take(step: tuple[Any, ...], made: Configuration, now: float) -> None:
    """Do one step to the database; a refusal is an exception."""
    session = made.models._session
    targets, lists = Targets(session, ACTOR), NamedLists(session, ACTOR)
    whole: dict[str, Any] = {"search": None, "is_active": None, "page": 1, "page_size": 200}
    providers = {row.name: row for row in (await made.providers.page(sort="id", **whole))[0]}
    keys, _ = await made.api_keys.page(sort="id", **whole)
    what, *arguments = step
    match what, arguments:
        case "provider", (name, credential):
            await made.provider(name, credential=credential)
        case "change provider", (name, seconds):
            await made.providers.update(number(providers, name), ProviderUpdate(total_timeout=seconds))
        case "switch provider", (name, active):
            await made.providers.update(number(providers, name), ProviderUpdate(is_active=active))
        case "rename provider", (old, new):
            await made.providers.update(number(providers, old), ProviderUpdate(name=new))
        case "drop provider", (name,):
            await made.providers.delete(number(providers, name))
        case "model", (name, rule, under):
            await made.model(name, rule=rule)
            for provider, its_rule in under:
                fields = TargetCreate(
                    provider_id=number(providers, provider), target_model="t", rule=its_rule
                )
                await targets.add(name, fields)
        case "rule", (name, rule):
            await made.models.update(name, ModelUpdate(rule=rule))
        case "rename model", (old, new):
            await made.models.update(old, ModelUpdate(name=new))
        case "switch model", (name, active):
            await made.models.update(name, ModelUpdate(is_active=active))
        case "drop model", (name,):
            await made.models.delete(name)
        case "target", (name, provider, rule):
            fields = TargetCreate(provider_id=number(providers, provider), target_model="t", rule=rule)
            await targets.add(name, fields)
        case "target rule", (name, place, rule):
            await targets.update(name, await one(targets, name, place), TargetUpdate(rule=rule))
        case "switch target", (name, place, active):
            await targets.update(name, await one(targets, name, place), TargetUpdate(is_active=active))
        case "move target", (name, place):
            order = [target.id for target, _ in await targets.of_model(name)]
            await targets.reorder(name, [*order[place:], *order[:place]])
        case "drop target", (name, place):
            await targets.remove(name, await one(targets, name, place))
        case "key", (models, seconds):
            await made.api_key(allowed_models=models, expires_at=at(now, seconds))
        case "change key", (place, seconds):
            await made.api_keys.update(pick(keys, place), ApiKeyUpdate(expires_at=at(now, seconds)))
        case "switch key", (place, active):
            await made.api_keys.set_active(pick(keys, place), active)
        case "rotate key", (place, seconds):
            await made.api_keys.rotate(pick(keys, place), seconds)
        case "drop key", (place,):
            await made.api_keys.delete(pick(keys, place))
        case "list", (name, entries):
            await lists.create(NamedListCreate(name=name, entries=entries))
        case "entries", (name, entries):
            await lists.update(name, NamedListUpdate(entries=entries))
        case "rename list", (old, new):
            await lists.update(old, NamedListUpdate(name=new))
        case "drop list", (name,):
            await lists.delete(name)
        case "revert", (back,):
            newest = await RevisionRepository(session).latest()
            await Reverts(session, ACTOR, made.providers._keyring).revert(newest - back)
        case "wrong rule", (name,):
            row = (await session.scalars(select(ModelRow).where(ModelRow.name == name))).first()
            await spoil(session, "model", row)
        case "wrong target rule", (place,):
            rows = (await session.scalars(select(TargetRow).order_by(TargetRow.id))).all()
            await spoil(session, "target", rows[place % len(rows)] if rows else None)
        case "list lost", (name,):
            lost = (await session.scalars(select(NamedListRow).where(NamedListRow.name == name))).first()
            if lost is not None:
                await session.delete(lost)
                await note(session, "named_list", lost, "delete", lists.fields(lost), None)


def number(providers: dict[str, Any], name: str) -> int:
    return providers[name].id if name in providers else 0


def pick(keys: Any, place: int) -> int:
    return keys[place % len(keys)].id if keys else 0


def at(now: float, seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(now, UTC) + timedelta(seconds=seconds)


async def one(targets: Targets, model: str, place: int) -> int:
    found = await targets.of_model(model)
    return found[place % len(found)][0].id if found else 0


async def spoil(session: Any, resource: str, row: Any) -> None:
    """A rule that no service lets through, as a later version of the language may leave it."""
    if row is not None:
        before, row.rule = row.rule, "body.temperature >"
        await session.flush()
        await note(session, resource, row, "update", {"rule": before}, {"rule": row.rule})


async def note(session: Any, resource: str, row: Any, action: str, before: Any, after: Any) -> None:
    await revisions.record(
        session,
        ACTOR,
        action=action,
        resource=resource,
        resource_id=row.id,
        resource_name="spoilt",
        before=before,
        after=after,
    )


def outcome(snapshot: RoutingSnapshot) -> dict[str, Any]:
    """What requests meet."""
    return {
        name: (
            route.model,
            route.rules.needs_tokens,
            [[target.id for target in route.rules.choose(asked)] for asked in ASKED],
            [route.rules.explain(asked) for asked in ASKED],
        )
        for name, route in snapshot.routes.items()
    }


class Walk:
    """One database, the snapshot that follows it, and a backup."""

    def __init__(self, folder: Path, keyring: Keyring, most: tuple[int, int]) -> None:
        self.folder, self.keyring, self.most = folder, keyring, most
        self.clock = Later()
        self.database = Database(sqlite_url(folder / "gateway.db"))
        self.followed = self.service()

    def service(self, clock: SystemClock | None = None) -> SnapshotService:
        environ = {"HERE": "sk-here"}
        return SnapshotService(
            self.database,
            self.keyring,
            Settings(),
            clock or self.clock,
            environ=environ,
            most_chars=self.most,
        )

    async def step(self, step: tuple[Any, ...]) -> None:
        """:raises Problem: the step makes no sense as things are."""
        match step[0]:
            case "look":
                await self.compare()
            case "settle":
                await self.followed.settle()
            case "later":
                self.clock.now += 60
            case "back up":
                (self.folder / "backup.db").unlink(missing_ok=True)
                with closing(sqlite3.connect(self.folder / "gateway.db")) as connection:
                    connection.execute(f"VACUUM INTO '{self.folder}/backup.db'")
            case "restore":
                await self.database.engine.dispose()
                for file in self.folder.glob("gateway.db*"):
                    file.unlink()
                shutil.copy(self.folder / "backup.db", self.folder / "gateway.db")
            case _:
                async with self.database.transaction() as session:
                    await take(step, Configuration(session, self.keyring), self.clock.now)

    async def compare(self) -> None:
        """The followed snapshot is brought up to date as after a poll, and is then as one made of everything."""
        await self.followed.poll()
        await self.followed.refresh()
        followed, whole = self.followed, self.service()
        await whole.refresh()
        assert (followed.loaded, followed.fresh, whole.fresh) == (True, True, True)
        assert followed.current.revision == whole.current.revision
        assert followed.current.keys == whole.current.keys
        while await whole.settle():
            pass
        known = outcome(followed.current)
        assert {name: known[name] for name in whole.current.routes} == outcome(whole.current)
        while await followed.settle():
            pass
        assert outcome(followed.current) == outcome(whole.current)
        assert followed.problems == whole.problems


@asynccontextmanager
async def walk(template: Path, keyring: Keyring, most: tuple[int, int]) -> AsyncIterator[Walk]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(template, f"{folder}/gateway.db")
        following = Walk(Path(folder), keyring, most)
        try:
            yield following
        finally:
            await following.database.aclose()
