"""A rule as sentences, printed from its tree. `wordings` has the phrases, `fields.json` the names of fields."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from app.rules import ast as tree
from app.rules.ast import Node, Step, conjuncts, dotted
from app.rules.fields import ANY, RULES, Field
from app.rules.parser import parse
from app.rules.spelling import literal, visible
from app.rules.wordings import ENGLISH
from rules_grammar import FIELDS

_SENTENCE = 3
"""Most conditions that stand in one sentence; more make a list."""
_LABELS = {row["name"]: row["label"] for row in FIELDS["fields"] if "label" in row}
_MAKES_MISSING = ("number", "text")


def in_words(text: str, phrases: Mapping[str, str] = ENGLISH) -> str:
    """What a rule says, as one sentence, or as an indented list where conditions nest.

    Raises RuleError where the text has syntax errors beyond mending; types do not matter.
    """
    root = parse(text).root
    if root is None:
        return phrases["always"]
    lines = _Words(phrases).lines(root)
    lines[0] = lines[0][:1].upper() + lines[0][1:]
    return "\n".join(lines)


class _Words:
    """Words one tree. Recursion is safe: the parser bounds the depth."""

    def __init__(self, phrases: Mapping[str, str]) -> None:
        self.phrases = phrases
        self.present: AbstractSet[str] = frozenset()
        """Paths that an `exists` beside the current node asks for."""

    def lines(self, root: Node) -> list[str]:
        group, negated = _group(root)
        if group is not None and (negated or _is_long(group)):
            return self.block(group, negated, 0)
        return [self.phrases["sentence"].format(words=self.sentence(root))]

    def sentence(self, node: Node) -> str:
        if not isinstance(node, tree.And | tree.Or):
            return self.condition(node)
        return self.joined(node, "and" if isinstance(node, tree.And) else "or")

    def joined(self, node: tree.And | tree.Or, word: str) -> str:
        before = self.present
        if isinstance(node, tree.And):
            self.present = before | _asked(node)
        words = [self.condition(item) for item in node.items]
        self.present = before
        return self.chain(words, word, word)

    def chain(self, words: list[str], word: str, last: str) -> str:
        text = words[0]
        for index, right in enumerate(words[1:], 2):
            text = self.phrases[last if index == len(words) else word].format(left=text, right=right)
        return text

    def block(self, group: tree.And | tree.Or, negated: bool, depth: int) -> list[str]:
        """A group as a heading with its items below."""
        both = isinstance(group, tree.And)
        heading = (("all of", "one of"), ("not all of", "none of"))[negated][not both]
        made = [self.phrases[heading]]
        before = self.present
        if both:
            self.present = before | _asked(group)
        for item in group.items:
            inner, inverted = _group(item)
            below = [self.condition(item)] if inner is None else self.block(inner, inverted, depth + 1)
            made.append("  " * depth + self.phrases["item"].format(words=below[0]))
            made += below[1:]
        self.present = before
        return made

    def condition(self, node: Node) -> str:
        """A node that is true or false, as a clause."""
        if isinstance(node, tree.And | tree.Or):
            word = "inner and" if isinstance(node, tree.And) else "inner or"
            return self.phrases["group"].format(words=self.joined(node, word))
        if isinstance(node, tree.Not):
            return self.negated(node.operand)
        if isinstance(node, tree.Const) and isinstance(node.value, bool):
            return self.phrases["constant true" if node.value else "constant false"]
        if isinstance(node, tree.Compare):
            return self.comparison(node)
        if isinstance(node, tree.Member):
            return self.membership(node, "")
        if isinstance(node, tree.Quant) and node.kind != "count":
            return self.quantifier(node)
        return self.truth(node, "is ", "true", "exists")

    def negated(self, node: Node) -> str:
        if isinstance(node, tree.Member):
            words = self.membership(node, "not ")
            return self.or_missing(words, node.value)
        if isinstance(node, tree.Path | tree.Elem | tree.Call):
            return self.truth(node, "not ", "false", "not exists")
        return self.phrases["not"].format(words=self.condition(node))

    def truth(self, node: Node, own: str, general: str, there: str) -> str:
        """A value that is a condition by itself."""
        if isinstance(node, tree.Path) and (phrase := self.phrases.get(own + dotted(node))) is not None:
            return phrase
        if isinstance(node, tree.Call) and node.function == "exists" and len(node.args) == 1:
            return self.phrases[there].format(value=self.value(node.args[0]))
        return self.phrases[general].format(value=self.value(node))

    def comparison(self, node: tree.Compare) -> str:
        right, phrase = node.right, node.op
        if phrase in ("==", "!=") and isinstance(right, tree.Const) and isinstance(right.value, bool):
            own = "is " if right.value == (phrase == "==") else "not "
            if isinstance(node.left, tree.Path) and own + dotted(node.left) in self.phrases:
                return self.phrases[own + dotted(node.left)]
        if phrase == "contains" and isinstance(node.left, tree.Path) and _field(node.left).kinds == {"list"}:
            phrase = "contains list"
        words = self.phrases[phrase].format(left=self.value(node.left), right=self.value(right))
        if node.op == "!=":
            return self.or_missing(words, node.left, right)
        return words

    def or_missing(self, words: str, *sides: Node) -> str:
        """`!=` and `not in` are true of what is missing: say so where that can be."""
        if any(_optional(side) and not self.asked(side) for side in sides):
            return self.phrases["or missing"].format(words=words)
        return words

    def asked(self, node: Node) -> bool:
        """The rule asks for everything in the operand to exist."""
        paths = [part for part in tree.walk(node) if isinstance(part, tree.Path | tree.Elem)]
        return all(dotted(part) in self.present for part in paths)

    def membership(self, node: tree.Member, no: str) -> str:
        value = self.value(node.value)
        found = node.set
        if isinstance(found, tree.RangeSet):
            low, high = literal(found.low.value), literal(found.high.value)
            return self.phrases[f"{no}in range"].format(value=value, low=low, high=high)
        if isinstance(found, tree.NamedSet):
            return self.phrases[f"{no}in named"].format(value=value, name=found.name)
        items = [self.constant(item) for item in found.items]
        shown = self.chain(items, "next item", "last item") if items else "[]"
        is_address = isinstance(node.value, tree.Path) and _field(node.value).kinds == {"ip"}
        phrase = "in blocks" if is_address else "in list"
        return self.phrases[no + phrase].format(value=value, items=shown)

    def quantifier(self, node: tree.Quant) -> str:
        before = self.present
        self.present = frozenset(path for path in before if not path.startswith("."))
        words = self.condition(node.condition)
        self.present = before
        return self.phrases[node.kind].format(list=self.value(node.list), words=words)

    def value(self, node: Node) -> str:
        """A node that has a value, as a noun."""
        if isinstance(node, tree.Const):
            return self.constant(node)
        if isinstance(node, tree.Path):
            return self.path(node)
        if isinstance(node, tree.Elem):
            return self.element(node)
        if isinstance(node, tree.Quant) and node.kind == "count":
            return self.quantifier(node)
        if isinstance(node, tree.Call) and node.function != "exists":
            return self.call(node)
        return self.phrases["whether"].format(words=self.condition(node))

    def constant(self, node: tree.Const) -> str:
        if isinstance(node.value, str):
            return self.phrases["text"].format(value=visible(node.value))
        return literal(node.value)

    def call(self, node: tree.Call) -> str:
        args = [self.value(arg) for arg in node.args]
        phrase = {"text": "text of", "len": "len"}.get(node.function, node.function)
        if phrase == "len" and isinstance(node.args[0], tree.Path) and _field(node.args[0]).kinds == {"list"}:
            phrase = "len list"
        if phrase in self.phrases:
            return self.phrases[phrase].format(*args)
        return self.phrases["call"].format(name=node.function, args=", ".join(args))

    def path(self, node: tree.Path) -> str:
        shown = _LABELS.get(node.root, self.phrases["field"].format(name=node.root))
        name = node.root
        for index, step in enumerate(node.steps):
            above, name = name, f"{name}.{step.key}"
            label = _LABELS.get(name) or _LABELS.get(f"{above}.*")
            if isinstance(step.key, int):
                shown = self.position(step.key, shown)
                name = f"{above}[]"
            elif label is not None:
                shown = label.replace("*", visible(step.key))
            elif index == 0:
                plain = not step.bracket or _field(node, 1) is not ANY
                phrase = "field" if plain else "own field"
                shown = self.phrases[phrase].format(name=_spoken(step) if plain else visible(step.key))
            else:
                shown = self.phrases["field of"].format(name=_spoken(step), value=shown)
        return shown

    def position(self, index: int, value: str) -> str:
        if index in (0, -1):
            return self.phrases["last" if index else "first"].format(value=value)
        phrase, number = ("at", index + 1) if index > 0 else ("from end", -index)
        return self.phrases[phrase].format(position=number, value=value)

    def element(self, node: tree.Elem) -> str:
        shown = ""
        for step in node.steps:
            if isinstance(step.key, int):
                shown = self.position(step.key, shown or self.phrases["element"])
            elif shown:
                shown = self.phrases["field of"].format(name=_spoken(step), value=shown)
            else:
                shown = self.phrases["its"].format(name=_spoken(step))
        return shown or self.phrases["element"]


def _group(node: Node) -> tuple[tree.And | tree.Or | None, bool]:
    """The group that a node is, or turns round (True); None where it is none."""
    inner = node.operand if isinstance(node, tree.Not) else node
    return inner if isinstance(inner, tree.And | tree.Or) else None, inner is not node


def _is_long(group: tree.And | tree.Or) -> bool:
    """The conditions are too many, or nest too deep, for one sentence."""
    return len(group.items) > _SENTENCE or any(_group(item)[0] is not None for item in group.items)


def _spoken(step: Step) -> str:
    return visible(str(step.key)).replace("_", " ")


def _asked(node: Node) -> set[str]:
    """Paths that must exist for the node to be true."""
    return {
        dotted(arg)
        for item in conjuncts(node)
        if isinstance(item, tree.Call) and item.function == "exists"
        for arg in item.args
        if isinstance(arg, tree.Path | tree.Elem)
    }


def _field(node: tree.Path, count: int | None = None) -> Field:
    """What the table knows of a path, or of its first steps; ANY where it knows nothing."""
    field = RULES.root.children.get(node.root, ANY)
    for step in node.steps[:count]:
        if isinstance(step.key, int):
            field = field.element or ANY
        else:
            field = field.children.get(step.key) or field.wildcard or ANY
    return field


def _optional(node: Node) -> bool:
    """The value can be missing."""
    if isinstance(node, tree.Call):
        return node.function in _MAKES_MISSING or any(map(_optional, node.args[:1]))
    if not isinstance(node, tree.Path):
        return False
    steps = range(len(node.steps) + 1)
    return any(isinstance(step.key, int) for step in node.steps) or any(
        _field(node, count).optional for count in steps if (node.root, count) != ("body", 0)
    )
