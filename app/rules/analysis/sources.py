"""The independent parts of a request as a rule set sees it, each with its witnesses; and requests made of them.

Two fields belong to one source when a condition reads both, or when one is worked out from the other. Any witness of
one source goes together with any of another: that is what makes a combination of them a real request.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from app.domain.sample import Sample, SampleKey
from app.rules.analysis import conversations as talk
from app.rules.analysis.footprint import Atom, Footprint, Place
from app.rules.analysis.regions import addresses
from app.rules.analysis.witnesses import MOST_VALUES, any_json, counts, product, scalars, texts, thinned
from app.rules.values import MISSING

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What the name of a header can be (RFC 9110 part 5.6.2)."""

Slot = tuple[str, ...]
"""Where a value goes in a request: `("headers", "x-tier")`, `("body", "metadata", "ticket")`, `("tag", "beta")`."""

_MOST_MERGED: Final = 1_500
_WEEK = [datetime(2026, 1, 5, 0, 30, tzinfo=UTC) + timedelta(hours=hour) for hour in range(7 * 24)]
"""In each time zone these moments have every hour of every day of the week."""


class Witness(msgspec.Struct, frozen=True):
    """Values for the fields of one source. What is missing is left out."""

    fields: tuple[tuple[Slot, Any], ...]
    proper: bool
    """All are of the types the fields should have."""


class Source(msgspec.Struct):
    """Some fields of a request, and values for them."""

    places: list[Place]
    witnesses: list[Witness]
    complete: bool = False
    """The witnesses stand for all values as far as equality, order, membership and existence go."""
    closed: bool = False
    """They stand for all values, whatever is asked."""

    @property
    def proper(self) -> int:
        """The witnesses of the right types, as bits."""
        return sum(1 << place for place, witness in enumerate(self.witnesses) if witness.proper)

    def thin(self, most: int) -> bool:
        """Keep no more than so many witnesses, or 40. Returns whether any had to go."""
        most = max(most, 40)
        if len(self.witnesses) <= most:
            return False
        self.witnesses = thinned(self.witnesses, most)
        self.complete = self.closed = False
        return True


class Sources:
    """All sources of a footprint. `endpoints` are those requests for the model can come by."""

    def __init__(self, footprint: Footprint, endpoints: Sequence[str]) -> None:
        self._endpoints = endpoints
        self._of: dict[int | str, Source] = {}
        """By `id` of a place, or by the text of a tag."""
        places = dict(footprint.places)
        places.setdefault("endpoint", Place("endpoint"))
        self._endpoint = places["endpoint"]
        self._derived(places)
        for place in places.values():
            if place.name == "api_key.tags" and place.is_leaf and not place.mixed:
                for text in place.middles:
                    present = Witness(((("tag", text), True),), True)
                    self._of[f"tag {text}"] = Source([place], [Witness((), True), present], closed=True)
            else:
                for leaf in _split(place):
                    self._of[id(leaf)] = self._single(leaf, single_zone=len(footprint.zones) == 1)
        for atom in footprint.atoms.values():
            self._merge(atom)

    def all(self) -> list[Source]:
        return list({id(source): source for source in self._of.values()}.values())

    def of(self, atom: Atom) -> Source | None:
        """The source an atom reads; None where it reads nothing of a request."""
        return next(iter(self._sources(atom)), None)

    def of_endpoint(self) -> Source:
        return self._of[id(self._endpoint)]

    def is_exact(self, atom: Atom) -> bool:
        """What the atom makes of the witnesses of its source is all it can make of any request."""
        source = self.of(atom)
        if source is None or source.closed:
            return True
        if not source.complete or atom.reading is None:
            return False
        place, functions = atom.reading
        if functions == ("number",):
            # Each number a text can spell has a witness, as long as nothing else is asked of the text.
            return place.name.startswith("headers.") and not place.bare and place.functions == {"number"}
        return functions == () and place.is_leaf

    def _sources(self, atom: Atom) -> list[Source]:
        if atom.tag is not None and f"tag {atom.tag}" in self._of and atom.places[0].name == "api_key.tags":
            return [self._of[f"tag {atom.tag}"]]
        found = {}
        for place in atom.places:
            source = self._of.get(id(place)) or self._of[id(place.top)]
            found[id(source)] = source
        return list(found.values())

    def _merge(self, atom: Atom) -> None:
        """Make one source of all that an atom reads."""
        sources = self._sources(atom)
        if len(sources) < 2:
            return
        witnesses = []
        for chosen in product([source.witnesses for source in sources], _MOST_MERGED):
            fields = tuple(field for witness in chosen for field in witness.fields)
            witnesses.append(Witness(fields, all(witness.proper for witness in chosen)))
        merged = Source([place for source in sources for place in source.places], witnesses)
        gone = {id(source) for source in sources}
        for key, source in self._of.items():
            if id(source) in gone:
                self._of[key] = merged

    def _derived(self, places: dict[str, Place]) -> None:
        """Take out the fields that are worked out from others, with those others."""
        talked = [*talk.CONVERSATION, "endpoint", *(f"body.{name}" for name in talk.CONVERSATION_MEMBERS)]
        if not places.keys().isdisjoint(talk.CONVERSATION):
            taken = _take(places, talked)
            made = talk.conversations(taken, self._endpoints)
            witnesses = [
                Witness(((("endpoint",), endpoint), *_members(members)), proper)
                for endpoint, members, proper in made
            ]
            self._keep(taken, Source(list(taken.values()), witnesses))
        if "has_tools" in places:
            taken = _take(places, ["has_tools", *(f"body.{name}" for name in talk.TOOL_MEMBERS)])
            witnesses = [Witness(_members(members), proper) for members, proper in talk.tools(taken)]
            self._keep(taken, Source(list(taken.values()), witnesses, closed=len(taken) == 1))
        if "max_output_tokens" in places or "total_tokens" in places:
            names = ["max_output_tokens", "total_tokens", *(f"body.{name}" for name in talk.LIMIT_MEMBERS)]
            taken = _take(places, [*names, *(["input_tokens"] if "total_tokens" in places else [])])
            witnesses = []
            for tokens, members, proper in talk.limits(taken):
                counted = () if tokens is MISSING else ((("input_tokens",), tokens),)
                witnesses.append(Witness((*counted, *_members(members)), proper))
            source = Source(list(taken.values()), witnesses, complete=taken.keys() == {"max_output_tokens"})
            self._keep(taken, source)

    def _keep(self, places: dict[str, Place], source: Source) -> None:
        for place in places.values():
            self._of[id(place)] = source

    def _single(self, place: Place, *, single_zone: bool) -> Source:
        """The source of a field that depends on no other."""
        name = place.name
        if name == "model":
            return Source([place], [Witness((), True)], closed=True)
        if name == "endpoint":
            return Source([place], _each(("endpoint",), self._endpoints), closed=True)
        if name == "clock":
            return Source([place], _each(("clock",), _WEEK), closed=single_zone)
        root, _, rest = name.partition(".")
        complete = True
        if root == "body":
            slot = ("body", *place.path)
            witnesses = [Witness(_field(slot, value), proper) for value, proper in any_json(place)]
        elif root == "headers":
            made = texts(place)
            sendable = [text for text in made if _TOKEN.fullmatch(rest) and _sendable(text)]
            complete = len(sendable) == len(made)
            witnesses = _each(("headers", rest), [MISSING, *sendable])
        elif root == "metadata":
            witnesses = _each(("metadata", rest), [MISSING, *scalars(place, ("str", "num", "bool"))])
        elif name == "api_key.id":
            witnesses = _each(("api_key", "id"), counts(place))
        elif name == "api_key.name":
            witnesses = _each(("api_key", "name"), texts(place))
        elif name == "api_key.tags":
            witnesses, complete = _each(("api_key", "tags"), _tags(place)), False
        elif name == "client.ip":
            witnesses = _each(("client.ip",), [MISSING, *addresses(place.blocks)])
        else:
            witnesses = _each(("input_tokens",), [MISSING, *counts(place)])
        if len(witnesses) > MOST_VALUES:
            witnesses, complete = thinned(witnesses, MOST_VALUES), False
        return Source([place], witnesses, complete and place.is_leaf)


def sample_of(model: str, witnesses: Iterable[Witness]) -> Sample:
    """The request that these witnesses make, for a model."""
    body: dict[str, Any] = {"model": model}
    made: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    key: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    tags: list[str] = []
    for witness in witnesses:
        for slot, value in witness.fields:
            if slot[0] == "body":
                below = body
                for step in slot[1:-1]:
                    below = below.setdefault(step, {})
                below[slot[-1]] = value
            elif slot[0] == "tag":
                tags.append(slot[1])
            elif len(slot) == 1:
                made[_NAMES.get(slot[0], slot[0])] = value
            else:
                {"headers": headers, "api_key": key, "metadata": metadata}[slot[0]][slot[1]] = value
    if tags:
        key["tags"] = tuple(tags)
    if metadata:
        key["metadata"] = metadata
    api_key = SampleKey(**{"id": 1, "name": "example", **key})
    return Sample(headers=headers, body=body, api_key=api_key, **made)


_NAMES = {"client.ip": "client_ip", "clock": "at"}


def _take(places: dict[str, Place], names: Iterable[str]) -> dict[str, Place]:
    return {name: places.pop(name) for name in names if name in places}


def _members(members: dict[str, Any]) -> tuple[tuple[Slot, Any], ...]:
    return tuple((("body", name), value) for name, value in members.items())


def _field(slot: Slot, value: Any) -> tuple[tuple[Slot, Any], ...]:
    return () if value is MISSING else ((slot, value),)


def _each(slot: Slot, values: Iterable[Any]) -> list[Witness]:
    return [Witness(_field(slot, value), True) for value in values]


def _sendable(text: str) -> bool:
    """It can stand in a header field as it is (RFC 9110 part 5.5)."""
    return text == text.strip(" \t") and all(char >= " " and char != "\x7f" for char in text)


def _tags(place: Place) -> list[tuple[str, ...]]:
    names = list(dict.fromkeys([*place.middles, *(texts(place.each) if place.each else ()), "other"]))[:40]
    for position in place.positions.values():
        names += [text for text in texts(position) if text not in names][:40]
    pairs = [(one, two) for one in names[:12] for two in names[:12] if one != two]
    long = [(names[0],) * int(length) for length in place.lengths]
    return [(), *((name,) for name in names), *pairs, *long]


def _split(place: Place) -> Iterator[Place]:
    """The places below a member of a body that no other depends on: where it is only a way to its keys, those keys.

    Their values are independent: an object can hold any of them, and without all of them it need not be there.
    """
    if place.name.startswith("body.") and place.keys and not place.kinds and _only_keys(place):
        for child in place.keys.values():
            yield from _split(child)
    else:
        yield place


def _only_keys(place: Place) -> bool:
    if place.is_leaf:
        return True
    below = all(_only_keys(child) for child in place.keys.values())
    return below and not place.kinds and not place.positions and place.each is None
