"""Tests kept with a rule: stored while they fail, and in the way of every rule that fails them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.schemas.model import ModelUpdate
from app.api.admin.schemas.named_list import NamedListCreate, NamedListUpdate
from app.api.admin.schemas.provider import ProviderUpdate
from app.api.admin.schemas.rule_test import RuleTestCreate, RuleTestUpdate
from app.api.admin.schemas.target import TargetCreate, TargetUpdate
from app.common.errors import Conflict, PreconditionFailed, ResourceNotFound, ValidationFailed
from app.common.secrets import Keyring
from app.db.session import Database
from app.db.tables.rule_test import RuleTestRow
from app.domain.attempt import Verdict
from app.domain.sample import Sample, SampleKey
from app.rules.rule_test import Expect
from app.services.logged_tests import LoggedTests
from app.services.models import Models
from app.services.named_lists import NamedLists
from app.services.resource import etag
from app.services.revisions import Revisions
from app.services.rule_proof import read_sample
from app.services.rule_tests import MOST, RuleTests
from app.services.targets import StoredTarget, Targets
from tests.support.configuration import ACTOR, Configuration
from tests.support.logs import exchange, write

HIGH = 'headers.x-priority == "high"'
Fault = tuple[str, str, tuple[int, int] | None]
SAMPLE = Sample(headers={"x-priority": "high"}, api_key=SampleKey(1, "vip"))


async def made(session: AsyncSession, keyring: Keyring) -> list[StoredTarget]:
    """Model `m` with targets at `one` (high priority), `two` (members of a list) and `three`; its targets."""
    configuration = Configuration(session, keyring)
    await NamedLists(session, ACTOR).create(NamedListCreate(name="keys", entries=["vip"]))
    providers = [await configuration.provider(name) for name in ("one", "two", "three")]
    _, targets = await configuration.model("m", *providers)
    service = Targets(session, ACTOR)
    await service.update("m", targets[0][0].id, TargetUpdate(rule=HIGH))
    await service.update("m", targets[1][0].id, TargetUpdate(rule="stream or api_key.name in $keys"))
    return await service.of_model("m")


def case(name: str = "t", request: Sample = SAMPLE, **expect: tuple[str, ...]) -> RuleTestCreate:
    return RuleTestCreate(name=name, request=request, expect=Expect(**expect))


async def refusal(attempt: Awaitable[Any]) -> Fault:
    """Pointer, message and span of the one fault, of the code `test_failed`."""
    with pytest.raises(ValidationFailed) as caught:
        await attempt
    (fault,) = caught.value.errors
    assert caught.value.code == fault.code == "test_failed"
    return fault.pointer, fault.message, fault.span


async def test_a_test_is_stored_while_it_fails(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        await made(session, keyring)
        row, outcome = await RuleTests(session, ACTOR).create("m", case(candidates=("three",)))
        assert (outcome.passed, outcome.candidates) == (False, ("one", "two", "three"))
    async with database.transaction() as session:
        tests = RuleTests(session, ACTOR)
        assert (await tests.get("m", row.id))[1] == outcome
        (_, outcome) = await tests.update("m", row.id, RuleTestUpdate(expect=Expect(includes=("one",))))
        assert outcome.passed
        assert [(found.name, came.passed) for found, came in await tests.run("m")] == [("t", True)]
        revisions, _ = await Revisions(session).page(
            resource="rule_test", resource_id=row.id, name=None, page=1, page_size=9
        )
        assert [(change.action, change.resource_name) for change in revisions] == [
            ("update", "m"),
            ("create", "m"),
        ]
        assert revisions[0].changes == {
            "expect": {"old": {"candidates": ["three"]}, "new": {"includes": ["one"]}}
        }
        await tests.delete("m", row.id)
        assert await tests.page("m", page=1, page_size=9) == ([], 0)


async def test_a_rule_that_fails_a_test_is_not_saved(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        (one, _), (two, _), _ = await made(session, keyring)
        await RuleTests(session, ACTOR).create("m", case(candidates=("one", "two", "three")))

    async def attempt(work: Callable[[AsyncSession], Awaitable[Any]]) -> Fault:
        """In a transaction of its own, as a request has one."""

        async def transaction() -> None:
            async with database.transaction() as session:
                await work(session)

        return await refusal(transaction())

    assert await attempt(
        lambda session: Models(session, ACTOR).update("m", ModelUpdate(rule="has_tools and stream"))
    ) == (
        "/rule",
        "Test `t` of model `m` fails: expected `one`, `two`, `three` to take it; none takes it. "
        "Refused: the model by `has_tools`.",
        (0, 9),
    )
    assert await attempt(
        lambda session: Targets(session, ACTOR).update(
            "m", two.id, TargetUpdate(rule="api_key.name in $keys and stream")
        )
    ) == (
        "/rule",
        "Test `t` of model `m` fails: expected `one`, `two`, `three` to take it; `one`, `three` take it. "
        "Refused: `two` by `stream`.",
        (26, 32),
    )
    fields = TargetCreate(provider_id=one.provider_id, target_model="more")
    pointer, message, _ = await attempt(lambda session: Targets(session, ACTOR).add("m", fields))
    assert (pointer, message.partition("; ")[2]) == (
        "/rule",
        "`one/one`, `two`, `three`, `one/more` take it.",
    )
    pointer, message, _ = await attempt(
        lambda session: NamedLists(session, ACTOR).change_entries("keys", add=[], remove=["vip"])
    )
    assert (pointer, message.rpartition(": ")[2]) == (
        "/entries",
        "`two` by `stream or api_key.name in $keys`.",
    )
    pointer, _, _ = await attempt(
        lambda session: Targets(session, ACTOR).reorder("m", [two.id, one.id, two.id + 1])
    )
    assert pointer == "/target_ids"
    async with database.read() as session:
        _, targets = await Models(session, ACTOR).get("m")
        assert [target.rule for target, _ in targets] == [HIGH, "stream or api_key.name in $keys", ""]
        assert (await NamedLists(session, ACTOR).get("keys"))[0].entries == ["vip"]


async def test_what_is_no_matter_of_rules_is_never_refused(database: Database, keyring: Keyring) -> None:
    """A target is switched off, or taken away, in an emergency; a failing test keeps nobody from that."""
    async with database.transaction() as session:
        (one, _), (two, _), _ = await made(session, keyring)
        tests = RuleTests(session, ACTOR)
        row, _ = await tests.create("m", case(candidates=("one", "two", "three")))
        await Targets(session, ACTOR).update("m", one.id, TargetUpdate(is_active=False, weight=3))
        assert (await tests.get("m", row.id))[1].passed
        await NamedLists(session, ACTOR).update("keys", NamedListUpdate(notes="n"))
        await Targets(session, ACTOR).remove("m", two.id)
        assert not (await tests.get("m", row.id))[1].passed
        await Models(session, ACTOR).update("m", ModelUpdate(is_active=False, notes="n"))


async def test_a_wrong_rule_beside_does_not_block_the_mending(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        (one, _), (two, _), _ = await made(session, keyring)
        row, _ = await RuleTests(session, ACTOR).create("m", case(includes=("one",)))
        one.rule = two.rule = "model =="  # past the services
        await session.flush()
        (_, outcome) = await RuleTests(session, ACTOR).get("m", row.id)
        assert outcome.message.startswith("the rules of the model can't be compiled: RULE_UNEXPECTED_END")
        await Targets(session, ACTOR).update("m", two.id, TargetUpdate(rule=""))
        assert (await refusal(Targets(session, ACTOR).update("m", one.id, TargetUpdate(rule="stream"))))[
            0
        ] == "/rule"


async def test_tokens_are_counted_where_a_rule_asks(database: Database, keyring: Keyring) -> None:
    body = {"messages": [{"role": "user", "content": "word " * 200}]}
    async with database.transaction() as session:
        (one, _), *_ = await made(session, keyring)
        await Targets(session, ACTOR).update("m", one.id, TargetUpdate(rule="token_usage.input_tokens > 150"))
        tests = RuleTests(session, ACTOR)
        assert (await tests.create("m", case("a", Sample(body=body), includes=("one",))))[1].passed
        given = Sample(body=body, input_tokens=10)
        assert (await tests.create("m", case("b", given, excludes=("one",))))[1].passed


async def test_a_request_asks_for_the_model_of_the_test(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        await made(session, keyring)
        await Models(session, ACTOR).update("m", ModelUpdate(rule='body.model == "m" and model == "m"'))
        await RuleTests(session, ACTOR).create("m", case(candidates=("one", "two", "three")))
        said = await refusal(Models(session, ACTOR).update("m", ModelUpdate(name="n")))
        assert said[0] == "/name"


async def test_any_request_is_kept_as_it_is(database: Database, keyring: Keyring) -> None:
    request = Sample(
        headers={"a": ("\0", "\u20ac")}, body={"n": 10**30, "x": 1e300, "\0": [None, "\U0001f600"]}
    )
    async with database.transaction() as session:
        await made(session, keyring)
        row, _ = await RuleTests(session, ACTOR).create("m", case(request=request, candidates=()))
    async with database.read() as session:
        row, outcome = await RuleTests(session, ACTOR).get("m", row.id)
        assert read_sample(row.request) == request
        assert outcome.candidates == ("three",)


DEEP: Any = 1
for _ in range(120):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("test", "pointer", "code"),
    [
        (case(), "/expect", "nothing_expected"),
        (case(request=Sample(body={"model": "n"}), candidates=()), "/request/body/model", "other_model"),
        (case(request=Sample(endpoint="chat"), candidates=()), "/request/endpoint", "unknown_endpoint"),
        (
            case(request=Sample(headers={"Authorization": "Bearer x"}), candidates=()),
            "/request/headers",
            "credential_header",
        ),
        (case(request=Sample(body={"a": DEEP}), candidates=()), "/request/body", "too_deep"),
        (case(request=Sample(body={"a": "x" * 300_000}), candidates=()), "/request", "too_large"),
    ],
)
async def test_what_is_no_test(
    database: Database, keyring: Keyring, test: RuleTestCreate, pointer: str, code: str
) -> None:
    async with database.transaction() as session:
        await made(session, keyring)
        with pytest.raises(ValidationFailed) as caught:
            await RuleTests(session, ACTOR).create("m", test)
        assert [(fault.pointer, fault.code) for fault in caught.value.errors] == [(pointer, code)]


async def test_names_and_versions(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        await made(session, keyring)
        tests = RuleTests(session, ACTOR)
        row, _ = await tests.create("m", case("a", candidates=()))
        await tests.create("m", case("b", candidates=()))
        for attempt in (
            tests.create("m", case("a", candidates=())),
            tests.update("m", row.id, RuleTestUpdate(name="b")),
        ):
            with pytest.raises(Conflict, match="taken"):
                await attempt
        with pytest.raises(PreconditionFailed):
            await tests.update("m", row.id, RuleTestUpdate(name="c"), '"9-9"')
        await tests.update("m", row.id, RuleTestUpdate(name="c"), etag(row))
        for missing in (tests.get("m", 99), tests.get("n", row.id), tests.run("n")):
            with pytest.raises(ResourceNotFound):
                await missing
        rest = [
            RuleTestRow(model_id=row.model_id, name=str(n), request={}, expect={}) for n in range(MOST - 2)
        ]
        session.add_all(rest)
        with pytest.raises(ValidationFailed, match="at most"):
            await tests.create("m", case("last", candidates=()))
        await Models(session, ACTOR).delete("m")


async def test_a_test_of_a_logged_request(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        (one, _), (two, _), (three, _) = await made(session, keyring)
    logged = exchange(
        requested_model="m",
        trace=[
            Verdict(None, None, True),
            Verdict(one.id, "one", True),
            Verdict(two.id, "two", False, "stream or api_key.name in $keys", (0, 31)),
            Verdict(three.id, "three", False, "protocol"),
        ],
        request_headers=[(b"x-priority", b"high"), (b"authorization", b"Bearer gwk_secret")],
        request_body=b'{"model":"m","temperature":0.5}',
    )
    partly = exchange(
        requested_model="m", trace=[Verdict(None, None, False, "x", (0, 1)), Verdict(one.id, "one", True)]
    )
    other = exchange()
    await write(database, [logged, partly, other])
    async with database.transaction() as session:
        service = LoggedTests(session, ACTOR)
        made_of = await service.create("m", logged.request_id, None)
        row, outcome = made_of.test
        assert row.name == f"request {logged.request_id}"
        assert row.expect == {"candidates": ["one", "three"]}
        assert outcome.passed, outcome
        assert row.request["headers"]["x-priority"] == "high"
        assert row.request["body"] == {"temperature": 0.5}
        assert "secret" not in str(row.request)
        row, _ = (await service.create("m", partly.request_id, "named")).test
        assert (row.name, row.expect) == ("named", {"excludes": ["one"]})
        with pytest.raises(ValidationFailed, match="were not asked"):
            await service.create("m", other.request_id, None)
        with pytest.raises(ResourceNotFound):
            await service.create("m", "none", None)


async def test_a_new_name_of_a_provider_is_carried_over(database: Database, keyring: Keyring) -> None:
    async with database.transaction() as session:
        (one, _), *_ = await made(session, keyring)
        tests = RuleTests(session, ACTOR)
        row, _ = await tests.create("m", case(candidates=("one/one", "two", "three"), includes=("one",)))
        other, _ = await tests.create("m", case("other", excludes=("one/x",)))
        providers = Configuration(session, keyring).providers
        await providers.update(one.provider_id, ProviderUpdate(name="first"))
        assert row.expect == {"candidates": ["first/one", "two", "three"], "includes": ["first"]}
        assert other.expect == {"excludes": ["one/x"]}
        assert (await tests.get("m", row.id))[1].passed
        await Models(session, ACTOR).update("m", ModelUpdate(rule="not has_images"))


async def test_a_wrong_rule_beside_it_lets_no_refused_rule_in(database: Database, keyring: Keyring) -> None:
    """What fails whatever the wrong rule would say is refused; what depends on it is not."""
    async with database.transaction() as session:
        one, two, three = [target for target, _ in await made(session, keyring)]
        await RuleTests(session, ACTOR).create("m", case("first", includes=("one",)))
        await RuleTests(session, ACTOR).create("m", case("second", includes=("two",)))
        two.rule = "stream and"  # as only a change past the services can
        await session.flush()
        targets = Targets(session, ACTOR)
        await targets.update("m", three.id, TargetUpdate(rule="not stream"))
        pointer, message, _ = await refusal(targets.update("m", one.id, TargetUpdate(rule="stream")))
        assert pointer == "/rule"
        assert "`first`" in message
