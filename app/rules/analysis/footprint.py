"""What a rule set reads of a request, and what it compares that with. `witnesses` next door makes values from it."""

import heapq
from collections.abc import Mapping
from typing import Any, Final

from app.rules import ast as tree
from app.rules import values
from app.rules.ast import Node, Step

MOST_ENTRIES: Final = 2_000
"""Entries of a named list that are looked at one by one."""
MOST_LENGTH: Final = 200
"""Longest list or text made because of its length."""

Reading = tuple["Place", tuple[str, ...]]
"""An operand that reads one place, and the functions around it, the innermost first."""
_DERIVED = {
    ("token_usage", "input_tokens"): "input_tokens",
    ("token_usage", "max_output_tokens"): "max_output_tokens",
    ("token_usage", "total_tokens"): "total_tokens",
    ("client", "ip"): "client.ip",
}


class Place:
    """A field some rule reads, with everything it is compared with. Below a body, places form a tree."""

    def __init__(self, name: str, top: "Place | None" = None, path: tuple[str, ...] = ()) -> None:
        """:param path: for a body, the names that lead to it."""
        self.name = name
        self.path = path
        self.top = top or self
        self.kinds: frozenset[str] = frozenset()
        """Types it should have; empty where nothing but what is below it is read."""
        self.keys: dict[str, Place] = {}
        self.positions: dict[int, Place] = {}
        self.each: Place | None = None
        """Elements of a list, as a quantifier reads them."""
        self.texts: dict[str, None] = {}
        """Values, in the order in which the rules name them, as in all that follows."""
        self.starts: dict[str, None] = {}
        self.middles: dict[str, None] = {}
        self.ends: dict[str, None] = {}
        self.patterns: dict[str, None] = {}
        self.blocks: dict[str, None] = {}
        self.numbers: dict[int | float, None] = {}
        self.lengths: dict[int, None] = {}
        self.buckets: dict[tuple[str, int | float], None] = {}
        self.functions: set[str] = set()
        self.bare = False
        """It is read without a function around it, other than `exists`."""
        self.mixed = False
        """A condition reads it that is more than `contains` with a fixed text."""

    @property
    def is_leaf(self) -> bool:
        return not self.keys and not self.positions and self.each is None

    def below(self, step: Step) -> "Place":
        key = step.key
        if isinstance(key, int):
            return self.positions.setdefault(key, Place(f"{self.name}[{key}]", self.top))
        return self.keys.setdefault(key, Place(f"{self.name}.{key}", self.top, (*self.path, key)))

    def element(self) -> "Place":
        if self.each is None:
            self.each = Place(f"{self.name}[]", self.top)
        return self.each


class Atom:
    """A condition that is not made of others by `and`, `or`, `not`; equal ones of all rules are one."""

    def __init__(self, node: Node, places: tuple[Place, ...]) -> None:
        self.node = node
        self.places = places
        self.reading: Reading | None = None
        """Set where it only compares one field with fixed values by equality, order, membership or existence, so that
        its outcome is the same for all values of one region (`regions`)."""
        self.tag: str | None = None
        """Set where it is no more than a field that `contains` this text."""


class Footprint:
    """Collects the atoms of rules."""

    def __init__(self, lists: Mapping[str, frozenset[str]]) -> None:
        self.places: dict[str, Place] = {}
        self.zones: dict[str, None] = {}
        self.atoms: dict[str, Atom] = {}
        self._lists = lists
        self._known: dict[str, list[Any]] = {}
        self._elements: list[Place] = []
        self._read: dict[int, Place] = {}

    def add(self, node: Node) -> None:
        """Take in a condition of a checked tree."""
        if isinstance(node, tree.And | tree.Or):
            for item in node.items:
                self.add(item)
        elif isinstance(node, tree.Not):
            self.add(node.operand)
        elif (key := spelled(node)) not in self.atoms:
            self._read = {}
            reading, tag = self._condition(node)
            atom = self.atoms[key] = Atom(node, tuple(self._read.values()))
            atom.reading, atom.tag = reading, tag
            for place in atom.places:
                place.mixed = place.mixed or tag is None

    def atom(self, node: Node) -> Atom:
        """The atom of a condition that was added."""
        return self.atoms[spelled(node)]

    def _condition(self, node: Node) -> tuple[Reading | None, str | None]:
        """Note what a condition reads. Returns `reading` and `tag` of the atom that it is, if it is one."""
        if isinstance(node, tree.Compare):
            return self._compare(node)
        if isinstance(node, tree.Member):
            return self._member(node), None
        if isinstance(node, tree.And | tree.Or):
            for item in node.items:
                self._condition(item)
        elif isinstance(node, tree.Not):
            self._condition(node.operand)
        elif isinstance(node, tree.Call) and node.function == "exists":
            found = self._operand(node.args[0])
            if found is not None:
                return found if found[1] in ((), ("number",)) else None, None
        else:
            found = self._operand(node)
            if found is not None and not found[1]:
                found[0].bare = True
                return found, None
        return None, None

    def _compare(self, node: tree.Compare) -> tuple[Reading | None, str | None]:
        left, right = self._operand(node.left), self._operand(node.right)
        value = node.right if isinstance(node.right, tree.Const) else node.left
        reading = left or right
        if not isinstance(value, tree.Const) or reading is None:
            self._count(node.left, getattr(node.right, "value", None))
            self._count(node.right, getattr(node.left, "value", None))
            self._alike(left, right)
            return None, None
        place, functions = reading
        place.bare = place.bare or not functions
        turned = value is node.left
        self._note(place, functions, node.op, value.value, turned)
        if node.op == "contains" and not functions and not turned and isinstance(value.value, str):
            return None, value.value
        equal = node.op in ("==", "!=")
        ordered = node.op in ("<", "<=", ">", ">=") and not isinstance(value.value, str)
        return (reading if (equal or ordered) and functions in ((), ("number",)) else None), None

    def _member(self, node: tree.Member) -> Reading | None:
        reading, wanted = self._operand(node.value), node.set
        if reading is None:
            if isinstance(wanted, tree.RangeSet):
                self._count(node.value, wanted.low.value, wanted.high.value)
            return None
        place, functions = reading
        place.bare = place.bare or not functions
        if isinstance(wanted, tree.NamedSet):
            found = self._entries(wanted.name)
            if len(self._lists[wanted.name]) > MOST_ENTRIES:
                reading = (place, (*functions, "in"))
        elif isinstance(wanted, tree.RangeSet):
            found = [wanted.low.value, wanted.high.value]
        else:
            found = [item.value for item in wanted.items]
        for value in found:
            self._note(place, functions, "in", value, turned=False)
        return reading if reading[1] in ((), ("number",)) else None

    def _entries(self, name: str) -> list[Any]:
        """Entries of a named list, and the numbers they spell."""
        if name not in self._known:
            found: list[Any] = heapq.nsmallest(MOST_ENTRIES, self._lists[name])
            found += [number for entry in found if (number := values.number(entry)) is not values.MISSING]
            self._known[name] = found
        return self._known[name]

    def _alike(self, left: Reading | None, right: Reading | None) -> None:
        """Two fields compared with each other: what one is compared with elsewhere is of interest for both."""
        for one in (left, right):
            if one is not None:
                one[0].bare = True
        if left is not None and right is not None:
            for name in ("texts", "numbers"):
                shared = getattr(left[0], name)
                shared.update(getattr(right[0], name))
                setattr(right[0], name, shared)

    def _note(self, place: Place, functions: tuple[str, ...], op: str, value: Any, turned: bool) -> None:
        """Keep a value a place is compared with. `turned`: it stands on the left."""
        if isinstance(value, bool) or value is None:
            return
        if isinstance(value, int | float):
            last = functions[-1] if functions else ""
            if last == "len":
                place.lengths[min(max(int(value), 0), MOST_LENGTH)] = None
            elif last.startswith("bucket"):
                place.buckets[last[7:], value] = None
            else:
                place.numbers[value] = None
            return
        kept = {"contains": place.middles, "starts_with": place.starts, "ends_with": place.ends}
        if op == "matches":
            place.patterns[value] = None
        elif turned and op in kept:
            place.texts.update(dict.fromkeys((value, value[:1], value[-1:])))
        else:
            kept.get(op, place.texts)[value] = None
            place.blocks[value] = None

    def _count(self, node: Node, *bounds: Any) -> None:
        """Keep how many elements of a list a `count` is compared with."""
        if isinstance(node, tree.Quant):
            found = self._operand(node.list)
            for bound in bounds:
                if found is not None and isinstance(bound, int | float):
                    found[0].lengths[min(max(int(bound), 0), MOST_LENGTH)] = None

    def _operand(self, node: Node) -> Reading | None:
        """The place an operand reads; None where it is a constant, or a condition or quantifier of its own."""
        if isinstance(node, tree.Path | tree.Elem):
            return self._place(node), ()
        if isinstance(node, tree.Call):
            return self._call(node)
        if isinstance(node, tree.Quant):
            self._quantifier(node)
        elif not isinstance(node, tree.Const):
            self._condition(node)
        return None

    def _call(self, node: tree.Call) -> Reading | None:
        if node.function in ("hour", "weekday"):
            place = self._root("clock")
            place.kinds |= {"num"}
            self.zones[str(getattr(node.args[0], "value", ""))] = None
            self._read[id(place)] = place
            return place, (node.function,)
        found = self._operand(node.args[0])
        if found is None:
            return None
        place, functions = found
        name = node.function
        place.functions.add(name)
        if name == "bucket":
            name = f"bucket {getattr(node.args[1], 'value', '')}"
        return place, (*functions, name)

    def _quantifier(self, node: tree.Quant) -> None:
        found = self._operand(node.list)
        place = Place("") if found is None else found[0]
        self._elements.append(place.element())
        self._condition(node.condition)
        self._elements.pop()

    def _place(self, node: tree.Path | tree.Elem) -> Place:
        if isinstance(node, tree.Elem):
            place, steps = self._elements[-1], node.steps
        else:
            place, steps = self._base(node)
        for step in steps:
            place = place.below(step)
        place.kinds |= frozenset(node.type.split("|"))
        if isinstance(node, tree.Path):
            self._read[id(place)] = place
        return place

    def _base(self, node: tree.Path) -> tuple[Place, tuple[Step, ...]]:
        steps = node.steps
        if node.root == "body":
            name, steps = f"body.{steps[0].key}", steps[1:]
            if name == "body.model":
                name = "model"
        elif node.root == "headers":
            name, steps = f"headers.{steps[0].key}", steps[1:]
        elif node.root == "api_key" and steps[0].key == "metadata":
            name, steps = f"metadata.{steps[1].key}", steps[2:]
        elif node.root == "api_key":
            name, steps = f"api_key.{steps[0].key}", steps[1:]
        else:
            name = _DERIVED.get((node.root, str(steps[0].key)), "") if steps else node.root
            name, steps = "body.stream" if name == "stream" else name, ()
        return self._root(name), steps

    def _root(self, name: str) -> Place:
        if name not in self.places:
            path = (name.removeprefix("body."),) if name.startswith("body.") else ()
            self.places[name] = Place(name, path=path)
        return self.places[name]


def spelled(node: Node) -> str:
    """One spelling for nodes of one shape, wherever they stand."""
    if isinstance(node, tree.Const):
        return f"{type(node.value).__name__}:{node.value!r}"
    if isinstance(node, tree.Path | tree.Elem):
        root = node.root if isinstance(node, tree.Path) else ""
        return f"{root}{[step.key for step in node.steps]!r}"
    inner = ",".join(map(spelled, tree.children(node)))
    if isinstance(node, tree.Member):
        return f"in({inner},{_set(node.set)})"
    name = getattr(node, "op", None) or getattr(node, "function", None) or getattr(node, "kind", None)
    return f"{name or type(node).__name__}({inner})"


def _set(wanted: tree.ListSet | tree.RangeSet | tree.NamedSet) -> str:
    if isinstance(wanted, tree.NamedSet):
        return f"${wanted.name}"
    if isinstance(wanted, tree.RangeSet):
        return f"{spelled(wanted.low)}..{spelled(wanted.high)}"
    return f"[{','.join(sorted(map(spelled, wanted.items)))}]"
