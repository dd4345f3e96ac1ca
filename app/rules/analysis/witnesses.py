"""Values for one field that tell the conditions of a rule set apart. `footprint` next door knows what they ask;
`sources` makes requests of the values.
"""

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from app.rules import values
from app.rules.analysis.footprint import Place
from app.rules.analysis.pattern_samples import samples
from app.rules.analysis.regions import numbers
from app.rules.values import MISSING

MOST_VALUES: Final = 3_000
"""Values for one field; with more, nothing about it counts as proven."""
_MOST_TEXTS = 200
"""Texts put together from pieces."""
_MOST_COMPOUND = 80
_MOST_ELEMENTS = 48
_MOST_BELOW = 12
"""Of those, for lists of two, and of texts for one part of a value."""
_BUCKET_TRIES = 400

T = TypeVar("T")


def thinned(items: Iterable[T], most: int) -> list[T]:
    """At most so many of the items, evenly spread over all of them."""
    found = list(items)
    if len(found) <= most:
        return found
    return [found[index * len(found) // most] for index in range(most)]


def product(lists: Sequence[Sequence[T]], most: int) -> Iterator[tuple[T, ...]]:
    """Combinations of one item of each list: all, or `most` that are evenly spread. Never builds them all."""
    total = math.prod(map(len, lists))
    # Steps of the golden ratio spread evenly over every list; one prime to the total never comes back too early.
    step = max(total * 618 // 1000, 1)
    while math.gcd(step, total) > 1:
        step += 1
    for index in range(min(total, most)):
        rest = index if total <= most else index * step % total
        chosen = []
        for items in reversed(lists):
            rest, place = divmod(rest, len(items))
            chosen.append(items[place])
        yield tuple(reversed(chosen))


def texts(place: Place) -> list[str]:
    """Every text the field is compared with; for other operators texts that pass and texts that don't; and one text
    that is none of those.
    """
    found = dict.fromkeys(place.texts)
    found.update(dict.fromkeys(_from_pieces(place)))
    found.update(dict.fromkeys(_from_functions(place)))
    other = "other"
    while other in found:
        other += "-"
    found[other] = None
    if place.each is not None or "values" in place.functions:
        listed = [*place.middles, *place.texts, *(texts(place.each) if place.each else ())][:_MOST_BELOW]
        found.update(
            dict.fromkeys([*listed, *(", ".join(pair) for pair in itertools.permutations(listed, 2))])
        )
    return list(found)


def _from_pieces(place: Place) -> list[str]:
    starts, middles, ends = ["", *place.starts], ["", *place.middles], ["", *place.ends]
    for pattern in place.patterns:
        made = samples(pattern)
        starts += made if pattern.startswith("^") else []
        ends += made if pattern.endswith("$") else []
        middles += made
    found = ["".join(pieces) for pieces in product([starts, middles, ends], _MOST_TEXTS)]
    alone = [*starts, *middles, *ends]
    return [text for text in [*alone, *(text + "x" for text in starts), *found] if text]


def _from_functions(place: Place) -> list[str]:
    found = []
    if not place.functions.isdisjoint(("lower", "upper")):
        known = [*place.texts, *place.starts, *place.middles, *place.ends]
        found += [turn(text) for text in known for turn in (str.upper, str.lower, str.title)]
    if "number" in place.functions:
        found += list(map(str, numbers(place.numbers)))
    if place.lengths:
        found += ["x" * int(length) for length in numbers(place.lengths, whole=True, least=0)]
    if place.buckets:
        found += _in_buckets(place, (f"user-{number}" for number in range(_BUCKET_TRIES)))
    return found


def _in_buckets(place: Place, tries: Iterable[T]) -> list[T]:
    """Those that are the first to fall on their side of each bound."""
    bounds: dict[str, list[float]] = {}
    for salt, bound in sorted(place.buckets):
        bounds.setdefault(salt, []).append(bound)
    seen: dict[tuple[int, ...], T] = {}
    for value in tries:
        seen.setdefault(
            tuple(bisect_left(cuts, values.bucket(value, salt)) for salt, cuts in bounds.items()), value
        )
    return list(seen.values())


def counts(place: Place) -> list[int]:
    """Whole numbers from 0 for a field that has no others."""
    found = [int(number) for number in numbers(place.numbers, whole=True, least=0)]
    return [*found, *(_in_buckets(place, range(1, _BUCKET_TRIES)) if place.buckets else [])]


def scalars(place: Place, kinds: Iterable[str]) -> list[Any]:
    """Values of these kinds."""
    made: dict[str, list[Any]] = {
        "str": [],
        "num": [],
        "bool": [True, False],
        "null": [None],
        "list": [[]],
        "map": [{}],
    }
    if "str" in kinds:
        made["str"] = texts(place)
    if "num" in kinds:
        made["num"] = [*numbers(place.numbers)]
        if place.buckets:
            made["num"] += _in_buckets(place, range(1, _BUCKET_TRIES))
    return [value for kind in kinds for value in made[kind]]


def any_json(place: Place) -> list[tuple[Any, bool]]:
    """Values for a member of a body, MISSING among them, and whether each is of a type the field should have.

    For a field nothing is below, all regions are here: missing, null, both booleans, `numbers`, every text it is
    compared with and another, and `{}` for both lists and objects, which equal nothing and have no order.
    """
    kinds = ("str", "num", "bool", "null", "list", "map")
    wanted = place.kinds or {"list" if place.positions or place.each is not None else "map"}
    proper = [kind for kind in kinds if kind in wanted or "any" in wanted]
    found: list[tuple[Any, bool]] = [(MISSING, True)]
    if place.is_leaf:
        found += [(value, True) for value in scalars(place, proper)]
        found += [(value, True) for value in _made_lists(place)]
    else:
        found += [(value, True) for value in compound(place, _MOST_COMPOUND)]
        if place.kinds:
            found += [(value, True) for value in scalars(place, proper)]
    rest = scalars(place, [kind for kind in kinds if kind not in proper])
    return [*found, *((value, False) for value in rest)]


def compound(place: Place, most: int) -> list[Any]:
    """Objects and lists with values for what is read below them."""
    found: list[Any] = []
    if place.keys:
        below = {key: [MISSING, *_below(child)] for key, child in place.keys.items()}
        if "text" in place.functions:
            below.setdefault("content", [MISSING, *thinned(texts(place), _MOST_BELOW)])
        for chosen in product(list(below.values()), most):
            members = zip(below, chosen, strict=True)
            found.append({key: value for key, value in members if value is not MISSING})
    if place.positions or place.each is not None or place.lengths:
        found += _lists(place, most)
    return found


def _below(place: Place) -> list[Any]:
    made = [] if place.is_leaf else compound(place, _MOST_ELEMENTS)
    kinds = [kind for kind in ("str", "num", "bool", "null") if kind in place.kinds or "any" in place.kinds]
    made += scalars(place, kinds or ["str"])
    if "text" in place.functions or "list" in place.kinds:
        made += _made_lists(place)
    return thinned(made, _MOST_ELEMENTS)


def _lists(place: Place, most: int) -> list[list[Any]]:
    elements = _below(place.each) if place.each is not None else []
    found: list[list[Any]] = [[], *([element] for element in elements)]
    found += [list(pair) for pair in itertools.permutations(thinned(elements, _MOST_BELOW), 2)]
    if place.positions:
        size = max(abs(index) + (index >= 0) for index in place.positions)
        filler = elements[0] if elements else {}
        below = [_below(child) for child in place.positions.values()]
        for length in (size, size + 1):
            for chosen in product(below, most // 2):
                made = [filler] * length
                for index, value in zip(place.positions, chosen, strict=True):
                    made[index] = value
                found.append(made)
    for number in numbers(place.lengths, whole=True, least=0) if place.lengths else []:
        found += [[element] * int(number) for element in thinned(elements or ["x"], _MOST_BELOW)]
    return found


def _made_lists(place: Place) -> list[Any]:
    """For a list asked by `contains` or `len`, or content that may be parts."""
    found: list[Any] = []
    if "list" in place.kinds or "any" in place.kinds:
        known = thinned([*place.middles, *place.texts, *place.numbers], _MOST_BELOW)
        found += [[value] for value in known]
        found += [list(pair) for pair in itertools.combinations(known, 2)]
        found += _lists(place, _MOST_BELOW) if place.lengths else []
    if "text" in place.functions:
        known = thinned(texts(place), _MOST_BELOW)
        found += [[{"type": "text", "text": text}] for text in known]
        found += [{"role": "user", "content": text} for text in known]
    return found
