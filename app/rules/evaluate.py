"""The meaning of a checked rule, node by node: slow and plain, the reference that `compile` is measured by."""

from collections.abc import Callable, Mapping

from app.domain.api_key import ApiKey
from app.rules import ast as tree
from app.rules import values
from app.rules.ast import Node
from app.rules.calls import zone
from app.rules.content import text
from app.rules.context import Facts, header_text
from app.rules.networks import Blocks, read_address, spell
from app.rules.patterns import searcher
from app.rules.values import MISSING, Value

_OPERATORS: dict[str, Callable[[Value, Value], bool]] = {
    "==": values.same,
    "!=": lambda one, other: not values.same(one, other),
    "<": values.less,
    "<=": values.less_or_same,
    ">": lambda one, other: values.less(other, one),
    ">=": lambda one, other: values.less_or_same(other, one),
    "contains": values.contains,
    "starts_with": values.starts_with,
    "ends_with": values.ends_with,
}
_FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    "len": values.length,
    "lower": values.lower,
    "upper": values.upper,
    "number": values.number,
    "text": text,
    "values": values.header_values,
    "exists": lambda value: value is not MISSING,
}
_ATTRIBUTES = {
    "model": "model",
    "endpoint": "endpoint",
    "stream": "stream",
    "client.ip": "ip",
    "has_tools": "has_tools",
    "has_images": "has_images",
    "message_count": "message_count",
    "last_user_text": "last_user_text",
    "system_text": "system_text",
    "token_usage.input_tokens": "input_tokens",
    "token_usage.max_output_tokens": "max_output_tokens",
    "token_usage.total_tokens": "total_tokens",
}


class Evaluation:
    """One rule set over one request."""

    def __init__(self, facts: Facts, lists: Mapping[str, frozenset[str]]) -> None:
        self.facts = facts
        self.lists = lists
        self.elements: list[Value] = []
        """Elements of the quantifiers around the current node, the innermost last."""
        self.fixed: dict[int, Value] = {}
        """Values inside a quantifier that no element changes, by node: worked out once, so work stays linear."""

    def refusal(self, node: Node) -> Node | None:
        """The first sub-expression that makes the rule false, in the order of the text; None when it passes."""
        return next((part for part in tree.conjuncts(node) if not self.passes(part)), None)

    def passes(self, node: Node) -> bool:
        """A condition: only true is true, whatever else the value is."""
        return self.value(node) is True

    def value(self, node: Node) -> Value:
        if not self.elements or isinstance(node, tree.Const) or tree.uses_element(node):
            return self._value(node)
        if id(node) not in self.fixed:
            self.fixed[id(node)] = self._value(node)
        return self.fixed[id(node)]

    def _value(self, node: Node) -> Value:
        if isinstance(node, tree.Const):
            return node.value
        if isinstance(node, tree.And):
            return all(self.passes(item) for item in node.items)
        if isinstance(node, tree.Or):
            return any(self.passes(item) for item in node.items)
        if isinstance(node, tree.Not):
            return not self.passes(node.operand)
        if isinstance(node, tree.Compare):
            return self._compare(node)
        if isinstance(node, tree.Member):
            return self._member(node)
        if isinstance(node, tree.Quant):
            return self._quantifier(node)
        if isinstance(node, tree.Call):
            return self._call(node)
        if isinstance(node, tree.Elem):
            return _descend(self.elements[-1], node.steps)
        return self.path(node)

    def path(self, node: tree.Path) -> Value:
        """What a field of the request is. `log_search` reads log rows instead."""
        if node.root == "body":
            return _descend(self.facts.body, node.steps)
        if node.root == "headers":
            return header_text(self.facts.headers.get(str(node.steps[0].key).encode()))
        if node.root == "api_key":
            return _descend(_api_key(self.facts.api_key), node.steps)
        value = getattr(self.facts, _ATTRIBUTES[tree.dotted(node)])
        return MISSING if value is None else value

    def _compare(self, node: tree.Compare) -> bool:
        left, right = self.value(node.left), self.value(node.right)
        if node.op == "matches":
            return isinstance(left, str) and searcher(str(right))(left)
        if node.op == "contains" and not _searchable(node.left.type, left):
            return False
        if node.op in ("==", "!="):
            left, right = _address(node.left, node.right, left), _address(node.right, node.left, right)
        return _OPERATORS[node.op](left, right)

    def _member(self, node: tree.Member) -> bool:
        value, wanted = self.value(node.value), node.set
        if isinstance(wanted, tree.RangeSet):
            low, high = wanted.low.value, wanted.high.value
            return values.less_or_same(low, value) and values.less_or_same(value, high)
        if isinstance(wanted, tree.ListSet):
            items = [item.value for item in wanted.items]
        else:
            items = [*self.lists[wanted.name]]
            items += [spelled for item in items if (spelled := values.number(item)) is not MISSING]
        if node.value.type == "ip":
            return Blocks(item for item in items if isinstance(item, str)).holds(self.facts.address)
        return any(values.same(value, item) for item in items)

    def _quantifier(self, node: tree.Quant) -> Value:
        listed = self.value(node.list)
        if not isinstance(listed, list | tuple):
            return {"any": False, "all": False, "none": True, "count": 0}[node.kind]
        passed = 0
        for element in listed:
            self.elements.append(element)
            passed += self.passes(node.condition)
            self.elements.pop()
        outcomes = {"any": passed > 0, "all": passed == len(listed), "none": passed == 0, "count": passed}
        return outcomes[node.kind]

    def _call(self, node: tree.Call) -> Value:
        if node.function == "bucket":
            return values.bucket(self.value(node.args[0]), str(self.value(node.args[1])))
        if node.function in ("hour", "weekday"):
            place = zone(str(self.value(node.args[0])))
            clock = values.hour if node.function == "hour" else values.weekday
            return MISSING if place is None else clock(self.facts.now, place)
        return _FUNCTIONS[node.function](self.value(node.args[0]))


def _api_key(key: ApiKey | None) -> Value:
    if key is None:
        return MISSING
    return {"id": key.id, "name": key.name, "tags": key.tags, "metadata": key.metadata}


def _address(node: Node, other: Node, value: Value) -> Value:
    """A fixed address in the spelling that `client.ip` has."""
    address = read_address(value) if other.type == "ip" and isinstance(node, tree.Const) else None
    return value if address is None else spell(address)


def _searchable(type_: str, value: Value) -> bool:
    """Where a field is declared as text, a list is of the wrong type, and the other way round."""
    wanted = ("list", "any") if isinstance(value, list | tuple) else ("str", "header", "ip", "any")
    return not frozenset(wanted).isdisjoint(type_.split("|"))


def _descend(value: Value, steps: tuple[tree.Step, ...]) -> Value:
    """What is found at a path below a value; MISSING where a step leads nowhere."""
    for step in steps:
        if isinstance(step.key, str):
            value = value.get(step.key, MISSING) if isinstance(value, dict) else MISSING
        elif isinstance(value, list | tuple) and -len(value) <= step.key < len(value):
            value = value[step.key]
        else:
            return MISSING
    return value
