"""What a place in a rule's text is: what was read before it, and what fits there. `complete` and `hover` ask."""

from collections.abc import Sequence

import msgspec

from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.calls import FUNCTIONS
from app.rules.fields import ANY, Field, Vocabulary, scalar
from app.rules.habits import OURS
from app.rules.parser import Prefix, read_prefix
from app.rules.words import Word

_JOINTS = frozenset(("AND", "OR", "RPAR", "COMMA"))
_STARTS = frozenset(("AND", "OR", "NOT", "BANG", "LPAR", "COMMA"))
_MOST_MENDS = 4


class Element(msgspec.Struct, frozen=True):
    """What a leading dot stands for."""

    name: str
    """As the table of fields spells it: `body.messages[]`."""
    field: Field


class Place(msgspec.Struct, frozen=True):
    """The end of some tokens; what has no line here is as `parser.Prefix` says."""

    stack: tuple[Node | Word, ...]
    accepts: frozenset[str]
    operand: Node | None
    path: Node | None
    elements: tuple[Element, ...]
    """Of the quantifiers around the place, the innermost last."""
    call: tuple[str, int] | None
    """The function or quantifier whose argument begins here, and the number of the argument from 0."""


def place(words: Sequence[Word], vocabulary: Vocabulary) -> Place | None:
    """The place behind the words; None where they are too wrong to read on."""
    prefix = _mended([_translated(word) for word in words if word.kind != "COMMENT"])
    if prefix is None:
        return None
    opened: list[tuple[str, int]] = []
    elements: list[Element] = []
    before: Node | Word | None = None
    for part in prefix.stack:
        if isinstance(part, Word) and part.kind == "LPAR":
            named = isinstance(before, Word) and before.kind in ("NAME", "QUANTIFIER")
            opened.append((before.text if isinstance(before, Word) and named else "", 0))
            elements.append(Element("", ANY))
        elif isinstance(part, Word) and part.kind == "RPAR" and opened:
            opened.pop()
            elements.pop()
        elif isinstance(part, Word) and part.kind == "COMMA" and opened:
            name, count = opened[-1]
            opened[-1] = name, count + 1
            if count == 0 and name in vocabulary.quantifiers and before is not None:
                elements[-1] = _element(before, elements, vocabulary)
        before = part
    at_argument = isinstance(before, Word) and before.kind in ("LPAR", "COMMA") and "NAME" in prefix.accepts
    return Place(
        prefix.stack,
        prefix.accepts,
        prefix.operand,
        prefix.path,
        tuple(element for element in elements if element.name),
        opened[-1] if opened and at_argument and opened[-1][0] else None,
    )


def _element(listed: Node | Word, around: Sequence[Element], vocabulary: Vocabulary) -> Element:
    if isinstance(listed, Word):
        return Element("[]", ANY)
    outer = [element for element in around if element.name]
    field = field_of(listed, outer, vocabulary)
    return Element(f"{name_of(listed, outer)}[]", field.element or ANY)


def _translated(word: Word) -> Word:
    """`=` as `==`: the checker complains, completion goes on."""
    ours = OURS.get(word.text) if not word.kind else None
    return Word("COMPARE", ours, word.start, word.end) if ours == "==" else word


def _mended(words: list[Word]) -> Prefix | None:
    """What the grammar makes of the words, each broken condition among them replaced by `true`."""
    for _ in range(_MOST_MENDS):
        prefix = read_prefix(words)
        bad = prefix.read
        if bad == len(words):
            return prefix
        depth, start = 0, bad
        while start > 0 and (depth > 0 or words[start - 1].kind not in _STARTS):
            start -= 1
            depth += (words[start].kind == "RPAR") - (words[start].kind == "LPAR")
        depth, stop = 0, bad + (words[bad].kind in _JOINTS and start < bad)
        while stop < len(words) and (depth > 0 or words[stop].kind not in _JOINTS):
            depth += (words[stop].kind == "LPAR") - (words[stop].kind == "RPAR")
            stop += 1
        if stop == len(words):
            return None
        words = [*words[:start], Word("TRUE", "true", words[bad].start, words[bad].start), *words[stop:]]
    return None


def name_of(node: Node, elements: Sequence[Element]) -> str:
    """A path as the table of fields spells it, `body.messages[].role`; empty for other nodes."""
    if isinstance(node, tree.Path):
        name = node.root
    elif isinstance(node, tree.Elem) and elements:
        name = elements[-1].name
    else:
        return ""
    name += "".join("[]" if isinstance(step.key, int) else f".{step.key}" for step in node.steps)
    return name.lower() if name.startswith("headers.") else name


def field_of(node: Node, elements: Sequence[Element], vocabulary: Vocabulary) -> Field:
    """What is known of a node's value; ANY for what a checker would refuse."""
    if isinstance(node, tree.Path):
        return _descend(vocabulary.root.children.get(node.root, ANY), node.steps)
    if isinstance(node, tree.Elem):
        return _descend(elements[-1].field, node.steps) if elements else ANY
    if isinstance(node, tree.Call):
        row = FUNCTIONS.get(node.function)
        result = scalar(row["result"]) if row else ANY
        if row and "element" in row:
            result.element = scalar(row["element"])
        return result
    if isinstance(node, tree.Const):
        kinds = {str: "str", bool: "bool", int: "num", float: "num", type(None): "null"}
        return scalar(kinds[type(node.value)])
    return scalar("num" if isinstance(node, tree.Quant) and node.kind == "count" else "bool")


def _descend(field: Field, steps: tuple[tree.Step, ...]) -> Field:
    for step in steps:
        if isinstance(step.key, int):
            field = field.element or ANY
        else:
            field = field.children.get(step.key) or field.wildcard or ANY
    return field
