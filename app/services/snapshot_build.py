"""Makes a routing snapshot out of table rows: plain functions, run in a thread by `snapshot.py` next door.

What was not read again is taken over from the snapshot before, and compiled rules wherever their texts are the same.
`snapshot_rows.py` turns single rows into what the hot path reads.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from app.common.secrets import DecryptionError, Keyring
from app.config import Settings
from app.domain.api_key import ApiKey
from app.domain.model import Model
from app.domain.provider import Provider
from app.domain.snapshot import Route, RoutingSnapshot
from app.repositories.revisions import Mark
from app.rules.deferred import DeferredRules
from app.rules.engine import Lists, RuleSet, rule_texts
from app.rules.list_names import possible_list_names
from app.services.snapshot_read import Edition, Tables, edition
from app.services.snapshot_rows import (
    api_keys_of,
    credential_of,
    model_of,
    provider_of,
    usable_part,
    with_providers,
)

T = TypeVar("T")

START_CHARS: Final = 60_000
"""Characters of rules that are compiled before the first snapshot is served: about 1 s. The others are deferred."""
CHANGE_CHARS: Final = 5_000
"""The same for a later snapshot: about 80 ms. One model is always compiled, whatever its size."""
SLICE_CHARS: Final = 1_000
"""The same for one turn at what was deferred."""


class StoredList(msgspec.Struct, frozen=True):
    """A named list."""

    edition: Edition
    name: str
    entries: frozenset[str]


class Built(msgspec.Struct, frozen=True):
    """A snapshot, what was left out of it and why, and what the next build can take over. All by id of the row."""

    snapshot: RoutingSnapshot
    mark: Mark | None
    """The change it is as of."""
    providers: dict[int, Provider]
    provider_problems: dict[int, str]
    models: dict[int, Model]
    """With all active targets: an `absent` provider stands for one that can't be used."""
    model_problems: dict[int, str]
    routes: dict[int, Route]
    named: dict[int, frozenset[str]]
    """The lists that the rules of a model may ask for, where there are any."""
    lists: dict[int, StoredList]
    expiry: float
    """When the next of the API keys expires, in seconds since the epoch."""
    deferred: frozenset[int]
    """Models whose rules have yet to be compiled."""

    @property
    def problems(self) -> list[str]:
        """What had to be left out, in sentences for an administrator; no secrets."""
        kinds = (self.provider_problems, self.model_problems)
        return [sentence for kind in kinds for _, sentence in sorted(kind.items())]


EMPTY: Final = Built(
    RoutingSnapshot(revision=0, keys={}, routes={}), None, {}, {}, {}, {}, {}, {}, {}, math.inf, frozenset()
)


def build(
    tables: Tables,
    previous: Built,
    keyring: Keyring,
    settings: Settings,
    environ: Mapping[str, str],
    now: float,
    most: int,
) -> Built:
    """
    :param now: seconds since the epoch; what has expired by then is left out.
    :param most: characters of rules to be compiled; what is beyond is deferred.
    """
    touched = tables.touched
    base = EMPTY if touched is None else previous
    providers, provider_problems = _providers(tables, base, previous, keyring, settings, environ)
    changed = (
        {id_ for id_ in touched.providers if base.providers.get(id_) is not providers.get(id_)}
        if touched
        else ()
    )
    lists = _lists(tables, base, previous)
    models, model_problems = _models(tables, base, providers, settings)
    fresh = {row.id for row in tables.models} & models.keys()
    for id_, model in models.items():
        if id_ not in fresh and changed and any(target.provider.id in changed for target in model.targets):
            models[id_] = with_providers(model, changed, providers)
            fresh.add(id_)
    making = _Making(base, previous, models, model_problems, lists, most)
    for id_ in sorted(fresh | making.asking_for(_changed_lists(base, lists))):
        making.route(usable_part(models[id_], providers), share=touched is None)
    keys = _keys(tables, base, now)
    return Built(
        snapshot=RoutingSnapshot(
            revision=tables.mark[0] if tables.mark else 0,
            keys=keys,
            routes={route.model.name: route for route in making.routes.values()},
        ),
        mark=tables.mark,
        providers=providers,
        provider_problems=provider_problems,
        models=models,
        model_problems=model_problems,
        routes=making.routes,
        named=making.named,
        lists=lists,
        expiry=min((key.expires_at for key in keys.values() if key.expires_at is not None), default=math.inf),
        deferred=frozenset(making.deferred),
    )


def settle(built: Built) -> Built:
    """Compile a part of what was deferred. Models whose rules turn out to be wrong are left out from now on."""
    routes, problems, deferred = dict(built.routes), dict(built.model_problems), set(built.deferred)
    spent = 0
    while deferred and spent < SLICE_CHARS:
        id_ = min(deferred)
        deferred.remove(id_)
        model, rules = routes[id_].model, routes[id_].rules
        spent += sum(map(len, rule_texts(model)))
        found = rules.find() if isinstance(rules, DeferredRules) else rules
        if isinstance(found, RuleSet):
            found.prepare()
        if isinstance(found, Exception):
            del routes[id_]
            problems[id_] = _wrong(model.name, found)
        else:
            routes[id_] = Route(model, found)
    return msgspec.structs.replace(
        built,
        snapshot=msgspec.structs.replace(
            built.snapshot, routes={route.model.name: route for route in routes.values()}
        ),
        routes=routes,
        model_problems=problems,
        deferred=frozenset(deferred),
    )


class _Making:
    """The routes of a new snapshot, one after the other."""

    def __init__(
        self,
        base: Built,
        previous: Built,
        models: Mapping[int, Model],
        problems: dict[int, str],
        lists: Mapping[int, StoredList],
        most: int,
    ) -> None:
        """:param most: characters of rules to be compiled."""
        self.routes = {id_: route for id_, route in base.routes.items() if id_ in models}
        self.named = {id_: names for id_, names in base.named.items() if id_ in models}
        self.deferred = {id_ for id_ in base.deferred if id_ in models}
        self._previous = previous
        self._problems = problems
        self._lists = _by_name(lists)
        self._lists_before = _by_name(previous.lists)
        self._most = most
        self._spent = 0
        self._seen: set[tuple[str, ...]] = set()

    def asking_for(self, changed: Collection[str]) -> set[int]:
        """The models whose rules may ask for one of the lists, or for one that is not there."""
        there = self._lists.keys()
        return {
            id_
            for id_, names in self.named.items()
            if changed and (not names.isdisjoint(changed) or not names <= there)
        }

    def route(self, model: Model, *, share: bool) -> None:
        """Make the route of a model.

        :param share: the one before serves where nothing about it has changed.
        """
        id_ = model.id
        names = frozenset[str]().union(*map(possible_list_names, rule_texts(model)))
        self.named.pop(id_, None)
        if names:
            self.named[id_] = names
        given = _given(names, self._lists)
        old = self._previous.routes.get(id_)
        self.routes.pop(id_, None)
        self.deferred.discard(id_)
        if share and old and old.model == model and given == _given(names, self._lists_before):
            self.routes[id_] = old
            if isinstance(old.rules, DeferredRules):
                self.deferred.add(id_)
            return
        self._problems.pop(id_, None)
        try:
            self.routes[id_] = Route(model, self._rules(model, given, old.rules if old else None))
        except Exception as error:  # one rule this program can't compile must not take all other models down
            self._problems[id_] = _wrong(model.name, error)

    def _rules(self, model: Model, given: Lists, old: Any) -> RuleSet | DeferredRules:
        like = old.find() if isinstance(old, DeferredRules) and old.is_found else old
        if isinstance(like, RuleSet) and like.fits(model, given):
            return RuleSet(model, given, like)
        texts = rule_texts(model)
        if any(texts) and texts not in self._seen:
            if self._spent >= self._most:
                self.deferred.add(model.id)
                return DeferredRules(model, given)
            self._seen.add(texts)
            self._spent += sum(map(len, texts))
        rules = RuleSet(model, given)
        rules.prepare()
        return rules


def _providers(
    tables: Tables,
    base: Built,
    previous: Built,
    keyring: Keyring,
    settings: Settings,
    environ: Mapping[str, str],
) -> tuple[dict[int, Provider], dict[int, str]]:
    """Those that can be used, and what is wrong with the others."""
    read_again = tables.touched.providers if tables.touched else ()
    providers, problems = _without(base.providers, read_again), _without(base.provider_problems, read_again)
    for row in tables.providers:
        try:
            provider = provider_of(row, credential_of(row, keyring, environ), settings)
        except DecryptionError:
            problems[row.id] = (
                f"provider {row.name}: the stored credential can't be decrypted; enter it again"
            )
        except KeyError:
            problems[row.id] = (
                f"provider {row.name}: the environment variable {row.credential_env} is not set"
            )
        else:
            before = previous.providers.get(row.id)
            providers[row.id] = before if before is not None and before == provider else provider
    return providers, problems


def _models(
    tables: Tables, base: Built, providers: Mapping[int, Provider], settings: Settings
) -> tuple[dict[int, Model], dict[int, str]]:
    """All models, those read again made anew, and what is wrong with others."""
    read_again = tables.touched.models if tables.touched else ()
    models, problems = _without(base.models, read_again), _without(base.model_problems, read_again)
    targets = defaultdict(list)
    for row in tables.targets:
        targets[row.model_id].append(row)
    texts: dict[str, str] = {}
    for row in tables.models:
        try:
            models[row.id] = model_of(row, targets[row.id], providers, settings, texts)
        except ValueError as error:
            problems[row.id] = _wrong(row.name, error)
    return models, problems


def _lists(tables: Tables, base: Built, previous: Built) -> dict[int, StoredList]:
    lists = _without(base.lists, tables.touched.lists if tables.touched else ())
    for row in tables.lists:
        before = previous.lists.get(row.id)
        lists[row.id] = (
            before
            if before is not None and before.edition == edition(row)
            else StoredList(edition(row), row.name, frozenset(_read_entries(tables.entries[row.id])))
        )
    return lists


def _keys(tables: Tables, base: Built, now: float) -> dict[bytes, ApiKey]:
    before, touched = base.snapshot.keys, tables.touched
    if touched is not None and not touched.api_keys and now < base.expiry:
        return before
    read_again = touched.api_keys if touched else ()
    keys = {
        value: key
        for value, key in before.items()
        if key.id not in read_again and (key.expires_at is None or key.expires_at > now)
    }
    keys.update(api_keys_of(tables.api_keys, now))
    return keys


def _changed_lists(base: Built, lists: Mapping[int, StoredList]) -> set[str]:
    """Names of lists that have come, gone or changed."""
    differing = (id_ for id_ in base.lists.keys() | lists.keys() if base.lists.get(id_) is not lists.get(id_))
    return {known[id_].name for id_ in differing for known in (base.lists, lists) if id_ in known}


def _by_name(lists: Mapping[int, StoredList]) -> dict[str, frozenset[str]]:
    return {stored.name: stored.entries for stored in lists.values()}


def _given(names: frozenset[str], lists: Lists) -> Lists:
    """The lists a rule set is given: those it names, as others change nothing for it. All where one is not there, for
    the sake of what the problem says."""
    return {name: lists[name] for name in sorted(names)} if names <= lists.keys() else lists


def _wrong(model: str, error: Exception) -> str:
    return f"model {model}: its rules can't be compiled ({error})"


def _without(known: Mapping[int, T], ids: Iterable[int]) -> dict[int, T]:
    left = dict(known)
    for id_ in ids:
        left.pop(id_, None)
    return left


_read_entries = msgspec.json.Decoder(list[str]).decode
