"""Which offers fit a place in a rule, in the order in which equals are shown. `offers` words them, `complete` ranks."""

from collections.abc import Collection, Iterator

import msgspec

from app.rules import offers
from app.rules.ast import Const, Node
from app.rules.calls import FUNCTIONS
from app.rules.comparisons import scalar_kinds
from app.rules.fields import ANY, NAMED_SET, Field, Vocabulary
from app.rules.literals import quoted
from app.rules.offers import Completion, Seen
from app.rules.place import Element, Place, field_of, name_of, place
from app.rules.searchable import is_time
from app.rules.words import LITERALS, Word

_CLOSERS = {"RPAR": ")", "RSQB": "]", "COMMA": ","}
_TESTS = ("COMPARE", "TEXT_OPERATOR")
_LISTS = frozenset(("list",))
_TIME = "request_time"
_ORDER = ("==", "!=", "<", "<=", ">", ">=")
"""What a time can be compared with: nothing but a fixed one."""


class Choices:
    """Offers at one place."""

    def __init__(
        self,
        before: list[Word],
        found: Place,
        at: Word | None,
        lists: Collection[str],
        seen: Seen,
        vocabulary: Vocabulary,
    ) -> None:
        self.before = before
        self.place = found
        self.at = at
        self.lists = lists
        self.seen = seen
        self.vocabulary = vocabulary
        self.element = found.elements[-1] if found.elements else None
        self._conditions = {(name, 1) for name in vocabulary.quantifiers}

    def all(self) -> Iterator[Completion]:
        accepts = self.place.accepts
        if self.at is not None and self.at.kind in ("INT", "FLOAT"):
            return
        if self.at is not None and self.at.text[0] == ".":
            yield from self._after_dot()
            return
        if self.place.operand is not None:
            yield from self._behind_operand(self.place.operand)
        elif accepts & {"AND", "OR"}:
            yield from _logic(accepts)
        elif "LIST_NAME" in accepts:
            yield from self._sets()
        elif "NAME" in accepts:
            yield from self._operands()
        elif accepts & {"STRING", "INT"}:
            yield from self._inside_brackets()
        elif "IN" in accepts:
            yield _keyword("in")
        yield from (
            Completion(label=text, insert=text, kind="bracket")
            for kind, text in _CLOSERS.items()
            if kind in accepts
        )

    def texts(self) -> Iterator[Completion]:
        """What can stand between quotes here."""
        if "STRING" not in self.place.accepts:
            return
        if self._is_step():
            name, parent = self._parent()
            below = offers.names_below(name, parent, self.vocabulary, self.seen)
            yield from (offers.value(child, quoted(child), "name") for child, _ in below)
        elif self.place.call is not None:
            if "literal" in _parameter(*self.place.call):
                yield from self._literal_argument(self.place.call[0])
        else:
            left = self._left()
            if left is not None:
                yield from (item for item in self._values(left) if item.insert[0] == '"')

    def _left(self) -> Node | None:
        """The operand that the value being written is compared with."""
        stack = [*self.place.stack]
        while stack and (isinstance(stack[-1], Const) or _kind(stack[-1]) in ("COMMA", *LITERALS)):
            stack.pop()
        if _kind(stack[-1] if stack else None) == "LSQB":
            stack.pop()
        elif len(stack) < len(self.place.stack):
            return None
        kinds = [_kind(part) for part in stack[-2:]]
        if kinds[-1:] == ["IN"]:
            stack = stack[:-2] if kinds[0] == "NOT" else stack[:-1]
        elif kinds[-1:] and kinds[-1] in _TESTS:
            stack.pop()
        else:
            return None
        left = stack[-1] if stack else None
        return None if isinstance(left, Word) else left

    def _is_step(self) -> bool:
        """The place is behind the `[` of a path."""
        stack = self.place.stack
        return len(stack) > 1 and _kind(stack[-1]) == "LSQB" and _kind(stack[-2]) != "IN"

    def _parent(self) -> tuple[str, Field]:
        """Name and field of the path that a step is written behind."""
        node = self.place.path
        if node is None:
            above = place(self.before[:-1], self.vocabulary)
            node = above.path if above is not None else None
        if node is None:
            return "", ANY
        return name_of(node, self.place.elements), field_of(node, self.place.elements, self.vocabulary)

    def _after_dot(self) -> Iterator[Completion]:
        """The next step of a path, or a field of the element."""
        if self.place.path is not None:
            name, parent = self._parent()
            for child, found in offers.names_below(name, parent, self.vocabulary, self.seen):
                yield offers.field(child, found, offers.step(child))
            if parent.holds("list") and "any" not in parent.kinds:
                yield from _positions("[", "]")
        elif self.element is not None and "DOT_NAME" in self.place.accepts:
            yield from (item for item, _ in self._element_fields(self.element))

    def _element_fields(self, element: Element) -> Iterator[tuple[Completion, Field]]:
        for child, found in element.field.children.items():
            yield offers.field(f".{child}", found, offers.step(child)), found
        if not element.field.children:
            shown = offers.field(".", element.field)
            doc = element.field.doc or "The element itself."
            yield msgspec.structs.replace(shown, doc=doc), element.field

    def _behind_operand(self, operand: Node) -> Iterator[Completion]:
        found = field_of(operand, self.place.elements, self.vocabulary)
        logic = list(_logic(self.place.accepts)) if found.holds("bool") else []
        sure = "any" not in found.kinds
        yield from logic if sure else ()
        yield from (item for item in offers.operators(found) if not is_time(operand) or item.label in _ORDER)
        yield from () if sure else logic

    def _sets(self) -> Iterator[Completion]:
        """What follows `in`."""
        left = self._left()
        found = ANY if left is None else field_of(left, self.place.elements, self.vocabulary)
        if scalar_kinds(found) & NAMED_SET:
            yield from offers.lists(self.lists)
        if scalar_kinds(found) & {"str"}:
            yield Completion(label="[...]", insert='[""]', kind="snippet", detail="a list", cursor=2)
        if scalar_kinds(found) & {"num"}:
            yield Completion(label="low..high", insert="0..1", kind="snippet", detail="a range")

    def _inside_brackets(self) -> Iterator[Completion]:
        """A step of a path, or an item of a list."""
        if self._is_step():
            _, parent = self._parent()
            if parent.holds("list"):
                yield from _positions("", "]")
            yield from (
                msgspec.structs.replace(item, insert=f"{item.insert}]", kind="field") for item in self.texts()
            )
            return
        left = self._left()
        if left is not None:
            there = {part.value for part in self.place.stack if isinstance(part, Const)}
            yield from (item for item in self._values(left) if item.label not in there)

    def _values(self, left: Node) -> Iterator[Completion]:
        found = field_of(left, self.place.elements, self.vocabulary)
        name = name_of(left, self.place.elements)
        if found.element is not None and found.kinds == {"list"}:
            found, name = found.element, f"{name}[]"
        yield from offers.values(name, found, self.seen)

    def _operands(self) -> Iterator[Completion]:
        last = self.place.stack[-1] if self.place.stack else None
        call = self.place.call
        if isinstance(last, Word) and last.kind in _TESTS:
            yield from self._right_side(last.text)
        elif call is not None and call not in self._conditions:
            yield from self._arguments(*call)
        else:
            yield from self._of_type(None)
            yield from (item for kind, item in _NEGATIONS if kind in self.place.accepts)
            if len(self.place.elements) < 2:
                yield from offers.snippets(self.vocabulary, self.element)

    def _right_side(self, operator: str) -> Iterator[Completion]:
        left = self._left()
        if operator == "matches":
            yield offers.value("pattern", 'r""', "RE2 pattern", 2)
        elif left is None:
            yield from self._of_type(None)
        elif is_time(left):
            yield offers.value("time", '""', "ISO 8601", 1)
        else:
            found = field_of(left, self.place.elements, self.vocabulary)
            kinds = offers.right_kinds(operator, found)
            yield from (item for item in self._values(left) if offers.literal_kind(item.insert) in kinds)
            if "str" in kinds:
                yield offers.value("text", '""', "text", 1)
            itself = name_of(left, self.place.elements)
            yield from (item for item in self._of_type(kinds - {"null"}) if item.label not in (itself, _TIME))

    def _arguments(self, name: str, number: int) -> Iterator[Completion]:
        """What a function takes, or the list of a quantifier."""
        types = ["list"] if name in self.vocabulary.quantifiers else _parameter(name, number)
        if "literal" in types:
            yield from self._literal_argument(name)
        elif "field" in types:
            yield from self._fields(None)
        else:
            yield from self._of_type(frozenset(types) or None)

    def _literal_argument(self, name: str) -> Iterator[Completion]:
        if name in ("hour", "weekday"):
            yield from offers.zones()
        else:
            yield offers.value("salt", '"salt"', "another salt gives another split")

    def _of_type(self, wanted: frozenset[str] | None) -> Iterator[Completion]:
        yield from self._fields(wanted)
        yield from offers.functions(self.vocabulary, wanted)

    def _fields(self, wanted: frozenset[str] | None) -> Iterator[Completion]:
        """Fields of a wanted type; deep ones only where something was typed, there are too many."""
        if self.element is not None:
            for item, found in self._element_fields(self.element):
                if wanted is None or offers.is_a(found, wanted):
                    yield item
        for name, found in offers.paths(self.vocabulary):
            deep = "." in name
            if deep and self.at is None and not (wanted == found.kinds == _LISTS):
                continue
            if wanted is None or (offers.is_a if deep else offers.leads_to)(found, wanted):
                yield offers.field(name, found)


def _kind(part: Node | Word | None) -> str:
    return part.kind if isinstance(part, Word) else ""


def _parameter(name: str, number: int) -> list[str]:
    row = FUNCTIONS.get(name)
    return row["params"][number]["types"] if row is not None and number < len(row["params"]) else []


def _keyword(text: str, doc: str = "") -> Completion:
    return Completion(label=text, insert=text, kind="keyword", doc=doc)


_NEGATIONS = (
    ("NOT", _keyword("not", "Turns a condition round.")),
    ("LPAR", Completion(label="( )", insert="()", kind="bracket", cursor=1)),
)


def _logic(accepts: frozenset[str]) -> Iterator[Completion]:
    if "AND" in accepts:
        yield _keyword("and", "True when both sides are true.")
        yield _keyword("or", "True when one side is true.")


def _positions(opening: str, closing: str) -> Iterator[Completion]:
    for position, doc in (("0", "The first element."), ("-1", "The last element.")):
        insert = f"{opening}{position}{closing}"
        yield Completion(label=insert, insert=insert, kind="field", detail="position", doc=doc)
