"""Code that tests: conditions, comparisons, memberships and quantifiers of one program. `operands` next door loads."""

import ast
import contextlib
from collections.abc import Callable, Iterator, Sequence

from app.rules import ast as tree
from app.rules import operands
from app.rules import pycode as py
from app.rules.ast import Const, Node
from app.rules.cost import cost
from app.rules.finite import Finite, finite
from app.rules.networks import Blocks, read_address, spell
from app.rules.operands import Names, Operand, guarded, plain
from app.rules.patterns import encode, searcher

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ORDER = {
    "<": ("less", False),
    "<=": ("less_or_same", False),
    ">": ("less", True),
    ">=": ("less_or_same", True),
}
"""The function of `values` for two loaded operands, and whether they change places."""
_TEXTS = frozenset(("str", "header", "ip"))
_NO_LIST = {"any": False, "all": False, "none": True, "count": 0}


class Conditions:
    """Writes code into one program. Quantifiers become functions of their own, all else is one expression."""

    def __init__(self) -> None:
        self.names = Names()
        self.functions: list[ast.stmt] = []
        self.named: dict[tuple[str, str], str] = {}
        """The global name for a named list in a certain form: `texts`, `numbers` or `blocks`."""
        self._depth = 0
        self._in_main = True
        """The code runs in the function that called for it, not in that of a quantifier."""
        self._fixed: list[tuple[str, ast.expr]] = []
        """Inside a quantifier: what no element changes, worked out before the loop. Work stays linear that way."""

    def condition(self, node: Node) -> ast.expr:
        """Code that is true or false, in Python's sense, as the node is."""
        if self._is_fixed(node):
            with self._outside():
                code = self.condition(node)
            return self._before_loop(code)
        return self._condition(node)

    def operand(self, node: Node) -> Operand:
        """Code for the value of a node."""
        if self._is_fixed(node):
            with self._outside():
                found = self.operand(node)
            return Operand(self._before_loop(found.load), found.sure, found.always, found.none_is_missing)
        return self._operand(node)

    def _ordered(self, items: tuple[Node, ...]) -> list[Node]:
        """The operands of `and` and `or` as they are to be asked: by cost, equal ones as in the text."""
        return sorted(items, key=cost)

    def _condition(self, node: Node) -> ast.expr:
        if isinstance(node, tree.And):
            return py.both(*map(self.condition, self._ordered(node.items)))
        if isinstance(node, tree.Or):
            return py.either(*map(self.condition, self._ordered(node.items)))
        if isinstance(node, tree.Not):
            return py.negation(self.condition(node.operand))
        if isinstance(node, tree.Compare):
            return self._compare(node)
        if isinstance(node, tree.Member):
            return self._member(node)
        if isinstance(node, tree.Quant) and node.kind != "count":
            return self._quantifier(node)
        if isinstance(node, tree.Call) and node.function == "exists":
            return operands.there(self.operand(node.args[0]))
        operand = self.operand(node)
        if operand.sure == "bool" and operand.always:
            return operand.load
        return py.compare(operand.load, "is", py.constant(True))

    def _operand(self, node: Node) -> Operand:
        if isinstance(node, Const):
            return operands.constant(node)
        if isinstance(node, tree.Path):
            return operands.path(node, self.names)
        if isinstance(node, tree.Elem):
            return operands.element(node, self.names)
        if isinstance(node, tree.Quant) and node.kind == "count":
            return Operand(self._quantifier(node), "num", always=True)
        if isinstance(node, tree.Call) and node.function != "exists":
            return operands.call(node, [self.operand(arg) for arg in node.args], self.names)
        truth = py.choice(self.condition(node), py.constant(True), py.constant(False))
        return Operand(truth, "bool", always=True)

    def _is_fixed(self, node: Node) -> bool:
        return self._depth > 0 and not isinstance(node, Const) and not tree.uses_element(node)

    @contextlib.contextmanager
    def _outside(self) -> Iterator[None]:
        """For code before the loop of the outermost quantifier, which runs in that quantifier's function."""
        before = self._depth, self._in_main
        self._depth, self._in_main = 0, False
        yield
        self._depth, self._in_main = before

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        """For the condition of a quantifier."""
        before = self._in_main
        self._depth, self._in_main = self._depth + 1, False
        yield
        self._depth, self._in_main = self._depth - 1, before

    def _before_loop(self, code: ast.expr) -> ast.expr:
        name = self.names.fresh("i")
        self._fixed.append((name, code))
        return py.name(name)

    def _quantifier(self, node: tree.Quant) -> ast.expr:
        listed = self.operand(node.list)
        start = len(self._fixed)
        with self._inside():
            test = self.condition(node.condition)
        fixed = self._fixed[start:]
        name, given = self.names.fresh("q"), [text for text, _ in fixed]
        before: list[ast.stmt] = []
        if self._depth == 0:
            before = [py.assign(text, code) for text, code in fixed]
            given, self._fixed = ["f"], []
        body = [*before, unless_list(node.kind, listed), *loop(node.kind, test)]
        self.functions.append(py.function(name, ["v", *given], body))
        return py.call(name, listed.load, *map(py.name, given))

    def _compare(self, node: tree.Compare) -> ast.expr:
        if node.op == "==":
            return self._equal(node)
        if node.op == "!=":
            return py.negation(self._equal(node))
        if node.op in _ORDER:
            return self._order(node)
        left, right = self.operand(node.left), node.right
        literal = right.value if isinstance(right, Const) else None
        if node.op == "matches":
            return guarded(left, "str", self.names, self._search(left, str(literal)))
        if node.op == "contains":
            return self._contains(node, left, literal)
        if not isinstance(literal, str):
            return py.call(node.op, plain(left, self.names), plain(self.operand(right), self.names))
        return guarded(left, "str", self.names, _method(left, node.op, literal))

    def _equal(self, node: tree.Compare) -> ast.expr:
        left, right = node.left, node.right
        if isinstance(left, Const):
            left, right = right, left
        operand = self.operand(left)
        if not isinstance(right, Const):
            return py.call("same", plain(operand, self.names), plain(self.operand(right), self.names))
        value = right.value
        if isinstance(value, str):
            address = read_address(value) if left.type == "ip" else None
            return py.compare(
                operand.load, "==", _text(operand, value if address is None else spell(address))
            )
        if value is None or isinstance(value, bool):
            return py.compare(plain(operand, self.names), "is", py.constant(value))
        if value in (0, 1) and operand.sure != "num":
            kept = self.names.fresh("t")
            alike = py.compare(py.kept(kept, operand.load), "==", py.constant(value))
            return py.both(alike, py.compare(py.name(kept), "is not", py.constant(bool(value))))
        return py.compare(operand.load, "==", py.constant(value))

    def _order(self, node: tree.Compare) -> ast.expr:
        op, left, right = node.op, node.left, node.right
        if isinstance(left, Const):
            op, left, right = _TURNED[op], right, left
        operand = self.operand(left)
        if isinstance(right, Const):
            limit = py.constant(right.value)
            kind = "str" if isinstance(right.value, str) else "num"
            if operand.is_header:
                operand = Operand(plain(operand, self.names), "str")
            return guarded(operand, kind, self.names, lambda value: py.compare(value, op, limit))
        function, turned = _ORDER[op]
        pair = plain(operand, self.names), plain(self.operand(right), self.names)
        return py.call(function, *(reversed(pair) if turned else pair))

    def _search(self, left: Operand, pattern: str) -> Callable[[ast.expr], ast.expr]:
        few = finite(pattern)
        if few is None:
            search = self.names.hold(searcher(pattern))
            return lambda value: py.call(search, value)
        texts = [encode(text) if left.is_header else text for text in few.texts]
        if few.any_case:
            return self._search_any_case(few, texts, searcher(pattern))
        return lambda value: self._find(few, texts, value)

    def _find(self, few: Finite, texts: Sequence[str | bytes], value: ast.expr) -> ast.expr:
        if few.at_start and few.at_end:
            if len(texts) == 1:
                return py.compare(value, "==", py.constant(texts[0]))
            return py.compare(value, "in", self.names.hold(frozenset(texts)))
        if few.at_start or few.at_end:
            wanted = py.constant(texts[0]) if len(texts) == 1 else self.names.hold(tuple(texts))
            return py.call(py.attribute(value, "startswith" if few.at_start else "endswith"), wanted)
        return py.either(*(py.compare(py.constant(text), "in", value) for text in texts))

    def _search_any_case(
        self, few: Finite, texts: Sequence[str | bytes], search: Callable[[str | bytes], bool]
    ) -> Callable[[ast.expr], ast.expr]:
        """Letters beyond ASCII have more cases than lower and upper, so texts with such go to RE2."""
        other, kept = self.names.hold(search), self.names.fresh("t")

        def use(value: ast.expr) -> ast.expr:
            lowered = py.kept(kept, py.call(py.attribute(value, "lower")))
            if len(texts) == 1 or few.at_start or few.at_end:
                found = self._find(few, texts, lowered)
            else:
                first, *rest = texts
                others = [py.compare(py.constant(text), "in", py.name(kept)) for text in rest]
                found = py.either(py.compare(py.constant(first), "in", lowered), *others)
            return py.choice(py.call(py.attribute(value, "isascii")), found, py.call(other, value))

        return use

    def _contains(self, node: tree.Compare, left: Operand, literal: str | int | float | None) -> ast.expr:
        """The declared type decides whether a text, a list or both are searched."""
        kinds = frozenset(node.left.type.split("|"))
        kind = "str" if kinds <= _TEXTS else "list" if kinds == {"list"} else ""
        if kind and isinstance(literal, str):
            wanted = _text(left, literal)
            return guarded(left, kind, self.names, lambda value: py.compare(wanted, "in", value))
        value, wanted = plain(left, self.names), plain(self.operand(node.right), self.names)
        if not kind:
            return py.call("contains", value, wanted)
        operand = Operand(value, "str" if left.is_header else left.sure, left.always)
        return guarded(operand, kind, self.names, lambda found: py.call("contains", found, wanted))

    def _member(self, node: tree.Member) -> ast.expr:
        wanted = node.set
        if node.value.type == "ip":
            blocks = self._blocks(wanted)
            return py.call(blocks, py.attribute(py.name("f"), "address"))
        operand = self.operand(node.value)
        if isinstance(wanted, tree.RangeSet):
            low, high = py.constant(wanted.low.value), py.constant(wanted.high.value)
            return guarded(operand, "num", self.names, lambda value: py.compare(low, "<=", value, "<=", high))
        if isinstance(wanted, tree.NamedSet):
            return self._in_named(operand, wanted.name)
        items = [item.value for item in wanted.items]
        texts = frozenset(item for item in items if isinstance(item, str))
        numbers = frozenset(
            item for item in items if isinstance(item, int | float) and not isinstance(item, bool)
        )
        words = tuple(item for item in items if item is None or isinstance(item, bool))
        if not numbers and not words:
            found = self.names.hold(frozenset(map(encode, texts)) if operand.is_header else texts)
            return guarded(operand, "str", self.names, lambda value: py.compare(value, "in", found))
        if not texts and not words:
            found = self.names.hold(numbers)
            return guarded(operand, "num", self.names, lambda value: py.compare(value, "in", found))
        held = map(self.names.hold, (texts, numbers, words))
        return py.call("one_of", plain(operand, self.names), *held)

    def _blocks(self, wanted: tree.ListSet | tree.RangeSet | tree.NamedSet) -> ast.expr:
        if isinstance(wanted, tree.NamedSet):
            return self._global(wanted.name, "blocks")
        items = wanted.items if isinstance(wanted, tree.ListSet) else ()
        return self.names.hold(Blocks(str(item.value) for item in items).holds)

    def _in_named(self, operand: Operand, name: str) -> ast.expr:
        if operand.is_header:
            operand = Operand(plain(operand, self.names), "str")
        if operand.sure in ("str", "num"):
            found = self._global(name, "texts" if operand.sure == "str" else "numbers")
            return guarded(operand, operand.sure, self.names, lambda value: py.compare(value, "in", found))
        forms = self._global(name, "texts"), self._global(name, "numbers")
        return py.call("one_of", plain(operand, self.names), *forms, self.names.hold(()))

    def _global(self, name: str, form: str) -> ast.expr:
        if (name, form) not in self.named:
            self.named[name, form] = self.names.fresh("n")
        return py.name(self.named[name, form])


def unless_list(kind: str, listed: Operand) -> ast.stmt:
    """What a quantifier is when `v`, the value of `listed`, is no list."""
    absent = py.compare(py.name("v"), "is", py.name("M"))
    if listed.sure != "list":
        absent = py.compare(py.call("type", py.name("v")), "is not", py.name("list"))
    return ast.If(absent, [ast.Return(py.constant(_NO_LIST[kind]))], [])


def loop(kind: str, test: ast.expr, first: Sequence[ast.stmt] = ()) -> list[ast.stmt]:
    """The statements that go through the list `v`; `first` are run for each element `e` before the test."""
    if kind == "count":
        step: ast.stmt = ast.AugAssign(ast.Name("n", ast.Store()), ast.Add(), py.constant(1))
        start, end = [py.assign("n", py.constant(0))], py.name("n")
    else:
        start, end = [], py.constant(kind != "any")
        step = ast.Return(py.constant(kind == "any"))
    test = py.negation(test) if kind == "all" else test
    loop = ast.For(ast.Name("e", ast.Store()), py.name("v"), [*first, ast.If(test, [step], [])], [])
    return [*start, loop, ast.Return(end)]


def _text(operand: Operand, value: str) -> ast.expr:
    """A fixed text in the form the operand has: headers stay bytes."""
    return py.constant(encode(value) if operand.is_header else value)


def _method(operand: Operand, op: str, literal: str) -> Callable[[ast.expr], ast.expr]:
    method = "startswith" if op == "starts_with" else "endswith"
    return lambda value: py.call(py.attribute(value, method), _text(operand, literal))
