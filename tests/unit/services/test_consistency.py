"""Any sequence of changes: what is stored, what is listed and what is routed are the same configuration."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api.admin.schemas.model import ModelUpdate
from app.api.admin.schemas.provider import ProviderUpdate
from app.api.admin.schemas.target import TargetCreate, TargetUpdate
from app.common.errors import Problem
from app.common.secrets import Keyring
from app.config import Settings
from app.db.session import Database
from app.services.snapshot import SnapshotService
from app.services.targets import Targets
from tests.support.configuration import ACTOR, Configuration
from tests.support.databases import sqlite_url

T = TypeVar("T")
NAMES = st.sampled_from("ab")
PLACES = st.integers(0, 3)
STEPS = st.one_of(
    st.tuples(st.just("provider"), NAMES, st.booleans()),
    st.tuples(st.just("switch provider"), NAMES, st.booleans()),
    st.tuples(st.just("drop provider"), NAMES),
    st.tuples(st.just("model"), NAMES, st.booleans()),
    st.tuples(st.just("rename model"), NAMES, NAMES),
    st.tuples(st.just("drop model"), NAMES),
    st.tuples(st.just("target"), NAMES, NAMES),
    st.tuples(st.just("switch target"), NAMES, PLACES, st.booleans()),
    st.tuples(st.just("move target"), NAMES, PLACES),
    st.tuples(st.just("drop target"), NAMES, PLACES),
    st.tuples(st.just("key"), st.lists(NAMES, max_size=2, unique=True)),
    st.tuples(st.just("switch key"), PLACES, st.booleans()),
    st.tuples(st.just("rotate key"), PLACES),
    st.tuples(st.just("drop key"), PLACES),
)


BEGIN = [
    ("provider", "a", True),
    ("model", "a", True),
    ("target", "a", "a"),
    ("target", "a", "a"),
    ("key", ["a"]),
]


class Key(msgspec.Struct):
    """An API key as expected: its values that work, newest last."""

    id: int
    values: list[str]
    models: list[str]
    is_active: bool = True


NO_KEY = Key(0, [], [])


class Expected(msgspec.Struct):
    """The configuration as plain dictionaries. Targets are [id, provider, is_active]."""

    providers: dict[str, tuple[int, bool]] = {}
    models: dict[str, tuple[bool, list[list[Any]]]] = {}
    keys: list[Key] = []

    def routes(self) -> dict[str, list[int]]:
        return {
            name: [number for number, provider, active in targets if active and self.providers[provider][1]]
            for name, (is_active, targets) in self.models.items()
            if is_active
        }


async def take(
    step: tuple[Any, ...], expected: Expected, configuration: Configuration, targets: Targets
) -> None:
    """Do one step; a refusal is an exception, and leaves `expected` as it was."""
    what, *arguments = step
    providers, models, keys = expected.providers, expected.models, expected.keys
    match what, arguments:
        case "provider", (name, active):
            row = await configuration.provider(name, is_active=active)
            providers[name] = (row.id, active)
        case "switch provider", (name, active):
            number = providers.get(name, (0,))[0]
            await configuration.providers.update(number, ProviderUpdate(is_active=active))
            providers[name] = (number, active)
        case "drop provider", (name,):
            await configuration.providers.delete(providers.get(name, (0,))[0])
            del providers[name]
        case "model", (name, active):
            await configuration.model(name, is_active=active)
            models[name] = (active, [])
        case "rename model", (old, new):
            await configuration.models.update(old, ModelUpdate(name=new))
            models[new] = models.pop(old)
            for key in keys:
                key.models = [new if name == old else name for name in key.models]
        case "drop model", (name,):
            await configuration.models.delete(name)
            del models[name]
        case "target", (model, provider):
            number = providers.get(provider, (99999,))[0]
            stored, _ = await targets.add(model, TargetCreate(provider_id=number, target_model="t"))
            models[model][1].append([stored.id, provider, True])
        case "switch target", (model, place, active):
            target = at(models.get(model, (True, []))[1], place, [0, "", False])
            await targets.update(model, target[0], TargetUpdate(is_active=active))
            target[2] = active
        case "move target", (model, place):
            rest = list(models.get(model, (True, []))[1])
            moved = rest[place:] + rest[:place]
            await targets.reorder(model, [target[0] for target in moved])
            models[model][1][:] = moved
        case "drop target", (model, place):
            target = at(models.get(model, (True, []))[1], place, [0, "", False])
            await targets.remove(model, target[0])
            models[model][1].remove(target)
        case "key", (allowed,):
            made, value = await configuration.api_key(allowed_models=allowed)
            keys.append(Key(made.id, [value], allowed))
        case "switch key", (place, active):
            key = at(keys, place, NO_KEY)
            await configuration.api_keys.set_active(key.id, active)
            key.is_active = active
        case "rotate key", (place,):
            key = at(keys, place, NO_KEY)
            _, value = await configuration.api_keys.rotate(key.id, 3600)
            key.values = [*key.values[-1:], value]
        case "drop key", (place,):
            key = at(keys, place, NO_KEY)
            await configuration.api_keys.delete(key.id)
            keys.remove(key)


def at(found: list[T], place: int, nothing: T) -> T:
    return found[place % len(found)] if found else nothing


async def check(expected: Expected, configuration: Configuration, snapshot: SnapshotService) -> None:
    whole: dict[str, Any] = {"search": None, "is_active": None, "sort": "name", "page": 1, "page_size": 200}
    rows, _ = await configuration.providers.page(**whole)
    assert {row.name: (row.id, row.is_active) for row in rows} == expected.providers
    stored, _ = await configuration.models.page(**whole)
    assert {
        row.name: (row.is_active, [[target.id, provider, target.is_active] for target, provider in targets])
        for row, targets in stored
    } == expected.models
    assert {
        name: [target.id for target in route.model.targets] for name, route in snapshot.current.routes.items()
    } == expected.routes()
    assert {digest: (key.id, key.allowed_models) for digest, key in snapshot.current.keys.items()} == {
        snapshot.key_digest(value): (key.id, frozenset(key.models))
        for key in expected.keys
        if key.is_active
        for value in key.values
    }


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=10, max_size=30))
async def test_any_sequence_of_changes(migrated_sqlite: Path, keyring: Keyring, steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(shutil.copy(migrated_sqlite, f"{folder}/gateway.db"))))
        try:
            await walk(database, keyring, [*BEGIN, *steps])
        finally:
            await database.aclose()


async def walk(database: Database, keyring: Keyring, steps: list[Any]) -> None:
    snapshot = SnapshotService(database, keyring, Settings())
    expected = Expected()
    for step in steps:
        try:
            async with database.transaction() as session:
                await take(step, expected, Configuration(session, keyring), Targets(session, ACTOR))
        except Problem:
            pass  # the step made no sense in this state; nothing may have changed
        await snapshot.poll()
        async with database.read() as session:
            await check(expected, Configuration(session, keyring), snapshot)
