"""Models and their targets: stored together, checked together, in an order of their own."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.api_key import ApiKeyUpdate
from app.api.admin.schemas.model import ModelCreate, ModelUpdate
from app.api.admin.schemas.provider import ProviderUpdate
from app.api.admin.schemas.target import TargetCreate, TargetUpdate
from app.common.errors import Conflict, PreconditionFailed, ResourceNotFound, ValidationFailed
from app.common.secrets import Keyring
from app.db.session import Database
from app.domain.model import Strategy
from app.services.resource import etag
from app.services.revisions import Revisions
from app.services.targets import MOST, StoredTarget, Targets
from tests.support.configuration import ACTOR, Configuration

BAD_RULE = "body.temprature > 1"
NAME = "meta-llama/Llama-3"


def names(targets: list[StoredTarget]) -> list[str]:
    return [target.target_model for target, _ in targets]


async def revisions(session: AsyncSession) -> list[tuple[str, str, str]]:
    rows, _ = await Revisions(session).page(resource=None, resource_id=None, name=None, page=1, page_size=100)
    return [(row.action, row.resource, row.resource_name) for row in reversed(rows)]


async def test_a_model_comes_with_its_targets(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        one, two = await configuration.provider("one"), await configuration.provider("two")
        await configuration.model(NAME, two, one, two, strategy=Strategy.PRIORITY, final_statuses=[400, 422])
    async with database.read() as session:
        row, targets = await Configuration(session, keyring).models.get(NAME)
        assert (row.strategy, row.final_statuses, row.grammar) == ("priority", [400, 422], 1)
        assert [provider for _, provider in targets] == ["two", "one", "two"]
        made = [("create", "provider", "one"), ("create", "provider", "two"), ("create", "model", NAME)]
        assert await revisions(session) == made + 3 * [("create", "target", NAME)]


async def test_all_faults_are_named_and_nothing_is_stored(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        provider = await configuration.provider()
        good = TargetCreate(provider_id=provider.id, target_model="m")
        bad = TargetCreate(provider_id=provider.id + 1, target_model="m", rule=BAD_RULE)
        with pytest.raises(ValidationFailed) as caught:
            await configuration.models.create(ModelCreate(name=NAME, rule=BAD_RULE, targets=[good, bad]))
        faults = caught.value.errors
        assert [fault.pointer for fault in faults] == ["/rule", "/targets/1/provider_id", "/targets/1/rule"]
        assert faults[0].code.startswith("RULE_")
        assert faults[0].span is not None
        with pytest.raises(ResourceNotFound):
            await configuration.models.get(NAME)


async def test_a_change_touches_what_was_sent_only(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        await configuration.model(NAME, retry_max_attempts=5, notes="n")
        row, _ = await configuration.models.update(NAME, ModelUpdate(retry_delay_ms=7))
        assert (row.retry_max_attempts, row.retry_delay_ms, row.notes) == (5, 7, "n")
        row, _ = await configuration.models.update(NAME, ModelUpdate(retry_max_attempts=None))
        assert (row.retry_max_attempts, row.retry_delay_ms) == (None, 7)
        with pytest.raises(ValidationFailed):
            await configuration.models.update(NAME, ModelUpdate(rule=BAD_RULE))


async def test_a_new_name_is_carried_over_to_the_keys(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        await configuration.model(NAME)
        await configuration.model("other")
        key, _ = await configuration.api_key(allowed_models=["other", NAME])
        unconcerned, _ = await configuration.api_key(allowed_models=["other"])
        open_key, _ = await configuration.api_key()
        with pytest.raises(Conflict):
            await configuration.models.update(NAME, ModelUpdate(name="other"))
        await configuration.models.update(NAME, ModelUpdate(name="new"))
        assert (await configuration.models.get("new"))[0].name == "new"
        with pytest.raises(ResourceNotFound):
            await configuration.models.get(NAME)
        assert key.allowed_models == ["other", "new"]
        assert (unconcerned.version, open_key.version) == (1, 1)
        assert (await revisions(session))[-2:] == [("update", "model", "new"), ("update", "api_key", "key")]


async def test_a_model_goes_with_its_targets(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        provider = await configuration.provider()
        row, _ = await configuration.model(NAME, provider)
        key, _ = await configuration.api_key(allowed_models=[NAME])
        with pytest.raises(PreconditionFailed):
            await configuration.models.delete(NAME, '"0-0"')
        await configuration.models.delete(NAME, etag(row))
        await configuration.api_keys.update(key.id, ApiKeyUpdate(name="still", allowed_models=[NAME]))
        await configuration.providers.delete(provider.id)


async def test_targets_are_added_changed_and_removed(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration, targets = Configuration(session, keyring), Targets(session, ACTOR)
        provider = await configuration.provider()
        row, _ = await configuration.model(NAME)
        versions = [row.version]

        (one, _), (two, _) = [
            await targets.add(NAME, TargetCreate(provider_id=provider.id, target_model=name)) for name in "ab"
        ]
        versions.append(row.version)
        await targets.update(NAME, one.id, TargetUpdate(weight=5), etag(one))
        versions.append(row.version)
        await targets.update(NAME, one.id, TargetUpdate(weight=5), etag(one))
        assert row.version == versions[-1]
        with pytest.raises(PreconditionFailed):
            await targets.update(NAME, one.id, TargetUpdate(weight=6), '"0-0"')
        with pytest.raises(ValidationFailed) as caught:
            await targets.update(NAME, two.id, TargetUpdate(provider_id=99, rule=BAD_RULE))
        assert [fault.pointer for fault in caught.value.errors] == ["/provider_id", "/rule"]

        assert names(await targets.reorder(NAME, [two.id, one.id])) == ["b", "a"]
        versions.append(row.version)
        (three, _) = await targets.add(NAME, TargetCreate(provider_id=provider.id, target_model="c"))
        assert names(await targets.of_model(NAME)) == ["b", "a", "c"]
        await targets.remove(NAME, one.id)
        versions.append(row.version)
        assert names(await targets.of_model(NAME)) == ["b", "c"]
        assert versions == sorted(set(versions))
        with pytest.raises(ResourceNotFound):
            await targets.get(NAME, one.id)
        await configuration.model("other")
        with pytest.raises(ResourceNotFound):
            await targets.remove("other", three.id)


@pytest.mark.parametrize("order", [[], [1], [1, 1], [1, 2, 3], [2, 3]])
async def test_an_order_names_each_target_once(
    database: Database, keyring: Keyring, order: list[int]
) -> None:
    async with database.transaction() as session:
        configuration, targets = Configuration(session, keyring), Targets(session, ACTOR)
        provider = await configuration.provider()
        _, stored = await configuration.model(NAME, provider, provider)
        assert [target.id for target, _ in stored] == [1, 2]
        with pytest.raises(ValidationFailed) as caught:
            await targets.reorder(NAME, order)
        assert caught.value.errors[0].pointer == "/target_ids"


async def test_a_model_has_so_many_targets(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration, targets = Configuration(session, keyring), Targets(session, ACTOR)
        provider = await configuration.provider()
        with pytest.raises(ValidationFailed) as caught:
            await configuration.model(NAME, *[provider] * (MOST + 1))
        assert caught.value.errors[0].code == "too_many_targets"
        await configuration.model(NAME, *[provider] * MOST)
        with pytest.raises(ValidationFailed):
            await targets.add(NAME, TargetCreate(provider_id=provider.id, target_model="m"))


async def test_lists_have_the_targets_too(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        configuration = Configuration(session, keyring)
        provider = await configuration.provider()
        await configuration.model("a", provider)
        await configuration.model("b")
        await configuration.models.update("b", ModelUpdate(is_active=False))
        await configuration.providers.update(provider.id, ProviderUpdate(name="renamed"))
        stored, total = await configuration.models.page(
            search=None, is_active=None, sort="-name", page=1, page_size=10
        )
        assert total == 2
        assert [(row.name, [provider for _, provider in targets]) for row, targets in stored] == [
            ("b", []),
            ("a", ["renamed"]),
        ]
        stored, total = await configuration.models.page(
            search="A", is_active=True, sort="id", page=1, page_size=10
        )
        assert ([row.name for row, _ in stored], total) == (["a"], 1)


@pytest.mark.parametrize("name", ["none", "a\0b", ""])
async def test_no_such_model(database: Database, keyring: Keyring, name: str) -> None:
    async with database.transaction() as session:
        models, targets = Configuration(session, keyring).models, Targets(session, ACTOR)
        for call in (
            models.get(name),
            models.update(name, ModelUpdate()),
            models.delete(name),
            targets.of_model(name),
        ):
            with pytest.raises(ResourceNotFound):
                await call
