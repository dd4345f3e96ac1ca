"""Bifrost's routing rules: a CEL expression each, with scope, targets and fallbacks. `cel` reads the expressions."""

from typing import Any

import msgspec

from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.importers import cel
from app.rules.importers.cel import (
    Binary,
    CelError,
    Chain,
    Expression,
    Index,
    Invert,
    Invoke,
    Items,
    Literal,
    Name,
)
from app.rules.importers.converted import (
    NOWHERE,
    Converted,
    NoCounterpart,
    Report,
    call,
    compare,
    const,
    joined,
    member,
    negated,
    path,
    token,
)
from app.rules.spelling import is_name

_ENDPOINTS = {
    "chat_completion": ("chat/completions", "messages"),
    "chat_completion_stream": ("chat/completions", "messages"),
    "text_completion": ("completions",),
    "embedding": ("embeddings",),
    "responses": ("responses",),
    "count_tokens": ("messages/count_tokens",),
}
"""Our endpoints by values of `request_type`."""
_KEYS = {
    "virtual_key_name": ("name",),
    **{name: ("metadata", name) for name in ("team_id", "team_name", "customer_id", "customer_name")},
}
"""Fields of our API key by Bifrost's variables."""
_UNKNOWN = {
    "provider": "which provider answers is what our rules decide, so they cannot ask for it",
    "virtual_key_id": "ids differ between gateways; use `api_key.name` or `api_key.tags`",
    "budget_used": "rules cannot ask how much of a budget is used",
    "tokens_used": "rules cannot ask how much of a limit is used",
    "request": "rules cannot ask how much of a limit is used",
    "complexity_tier": "there is no classifier of requests",
    "params": "rules cannot read the query of the URL; send it as a header",
}
_METHODS = {
    "startsWith": "starts_with",
    "endsWith": "ends_with",
    "contains": "contains",
    "matches": "matches",
}
_FUNCTIONS = {
    **dict.fromkeys(("int", "double", "uint"), "number"),
    "size": "len",
    "lowerAscii": "lower",
    "upperAscii": "upper",
}


def convert(source: object) -> Converted:
    """Rules of a configuration (`governance.routing_rules`), of an API answer (`rules`), a list, one rule, or one CEL
    expression. A text is read as JSON where it is JSON."""
    report = Report()
    if isinstance(source, str):
        try:
            decoded = msgspec.json.decode(source)
        except (msgspec.DecodeError, RecursionError):
            decoded = None
        if not isinstance(decoded, dict | list):
            _rule(report, {"cel_expression": source}, "")
            return report.done()
        source = decoded
    rules, pointer = _rules(source)
    if rules is None:
        report.note("", "the source", "there are no routing rules in it")
        return report.done()
    if report.too_many(pointer, len(rules)):
        return report.done()
    numbered = [(rule, token(pointer, index)) for index, rule in enumerate(rules)]
    for rule, below in sorted(numbered, key=_place):
        if isinstance(rule, dict):
            _rule(report, rule, below)
        else:
            report.note(below, "a rule", "a rule is an object")
    if len(report.rules) > 1:
        why = "there the first rule that passes decides; here give the targets priorities in this order"
        report.note(pointer, "the order of the rules", why)
    return report.done()


def _rules(source: object) -> tuple[list[Any] | None, str]:
    if isinstance(source, list):
        return source, ""
    if not isinstance(source, dict):
        return None, ""
    governance = source.get("governance")
    for around, pointer in ((source, ""), (governance, "/governance")):
        for name in ("routing_rules", "rules"):
            if isinstance(around, dict) and isinstance(around.get(name), list):
                return around[name], f"{pointer}/{name}"
    return ([source], "") if "cel_expression" in source else (None, "")


_SCOPES = ("virtual_key", "team", "customer")


def _place(numbered: tuple[Any, str]) -> tuple[int, float]:
    """Narrower scopes come first there, then lower priorities."""
    rule = numbered[0] if isinstance(numbered[0], dict) else {}
    scope, priority = rule.get("scope"), rule.get("priority")
    place = _SCOPES.index(scope) if scope in _SCOPES else len(_SCOPES)
    return place, priority if isinstance(priority, int | float) else 0


def _rule(report: Report, rule: dict[str, Any], pointer: str) -> None:
    name = rule.get("name")
    name = name if isinstance(name, str) else "rule"
    expression = rule.get("cel_expression") or ""
    if rule.get("enabled") is False:
        report.note(pointer, name, "it is switched off")
        return
    if rule.get("scope", "global") not in ("global", None, ""):
        why = "it holds for one team, customer or key only; add a condition on `api_key` by hand"
        report.note(token(pointer, "scope"), name, why)
        return
    if rule.get("chain_rule"):
        report.note(token(pointer, "chain_rule"), name, "rules are not run again over what a rule chose")
        return
    if rule.get("fallbacks"):
        why = "add the fallbacks as targets of a later priority"
        report.note(token(pointer, "fallbacks"), name, why)
    if not isinstance(expression, str):
        report.note(token(pointer, "cel_expression"), name, "an expression is text")
        return
    try:
        node = _Mapping(report, pointer).condition(cel.read_cel(expression)) if expression.strip() else None
    except CelError as error:
        report.note(token(pointer, "cel_expression") if pointer else "", expression, str(error))
    except NoCounterpart as error:
        report.note(token(pointer, "cel_expression") if pointer else "", error.what, error.why)
    else:
        report.add(pointer, name, _target(rule.get("targets")), node)


def _target(targets: object) -> str:
    """The targets in words: `openai/gpt-4o 0.7, azure/gpt-4o 0.3`."""
    if not isinstance(targets, list):
        return ""
    shown = []
    for target in targets:
        if isinstance(target, dict):
            names = [target[name] for name in ("provider", "model") if isinstance(target.get(name), str)]
            weight = target.get("weight")
            many = len(targets) > 1 and isinstance(weight, int | float)
            shown.append("/".join(names) + (f" {weight}" if many else ""))
    return ", ".join(shown)


class _Mapping:
    """Maps one expression. Raises NoCounterpart."""

    def __init__(self, report: Report, pointer: str) -> None:
        self.report = report
        self.pointer = pointer

    def condition(self, found: Expression) -> Node:
        if isinstance(found, Chain):
            kind = tree.And if found.op == "&&" else tree.Or
            return joined(kind, [self.condition(item) for item in found.items])
        if isinstance(found, Invert):
            return self.inverted(self.condition(found.operand))
        if isinstance(found, Literal) and isinstance(found.value, bool):
            return const(found.value)
        if isinstance(found, Binary):
            return self.binary(found)
        if (
            isinstance(found, Invoke)
            and found.of is not None
            and found.name in _METHODS
            and len(found.args) == 1
        ):
            return compare(self.value(found.of), _METHODS[found.name], self.value(found.args[0]))
        if isinstance(found, Invoke) and found.name == "has" and len(found.args) == 1:
            return call("exists", self.value(found.args[0]))
        raise NoCounterpart(_shown(found), "it is no condition that can be mapped")

    def inverted(self, node: Node) -> Node:
        """There, a missing header makes the whole rule fail, also below a `!`; here it makes the test inside false."""
        paths = [part for part in tree.walk(node) if isinstance(part, tree.Path) and part.root == "headers"]
        if paths and not (isinstance(node, tree.Call) and node.function == "exists"):
            return self.guarded(paths, negated(node))
        return negated(node)

    def guarded(self, paths: list[tree.Path], node: Node) -> Node:
        there: list[Node] = []
        for item in paths:
            asked = call("exists", item)
            if asked not in there:
                there.append(asked)
        return joined(tree.And, [*there, node])

    def binary(self, found: Binary) -> Node:
        if found.op == "in":
            return self.member(found)
        sides = (found.left, found.right)
        for one, other in (sides, sides[::-1]):
            if one == Name("request_type") and found.op in ("==", "!="):
                node = self.endpoint([other])
                return node if found.op == "==" else negated(node)
        left, right = self.value(found.left), self.value(found.right)
        node = compare(left, found.op, right)
        headers = [part for part in (left, right) if isinstance(part, tree.Path) and part.root == "headers"]
        return self.guarded(headers, node) if found.op == "!=" and headers else node

    def member(self, found: Binary) -> Node:
        if found.right == Name("headers"):
            return call("exists", self.value(Index(found.right, found.left)))
        if not isinstance(found.right, Items):
            raise NoCounterpart(_shown(found.right), "`in` takes a list of values")
        if not found.right.items:
            return const(False)
        if found.left == Name("request_type"):
            return self.endpoint(list(found.right.items))
        items = [self.value(item) for item in found.right.items]
        if not all(isinstance(item, tree.Const) for item in items):
            raise NoCounterpart(_shown(found.right), "lists hold fixed values only")
        return member(self.value(found.left), [item for item in items if isinstance(item, tree.Const)])

    def endpoint(self, values: list[Expression]) -> Node:
        names: list[str] = []
        for value in values:
            known = _ENDPOINTS.get(str(value.value)) if isinstance(value, Literal) else None
            if known is None:
                raise NoCounterpart(_shown(value), "no endpoint here has this request type")
            names += [name for name in known if name not in names]
        return member(path("endpoint"), [const(name) for name in names])

    def value(self, found: Expression) -> Node:
        if isinstance(found, Literal):
            return const(found.value)
        if isinstance(found, Name):
            return self.name(found.name)
        if isinstance(found, Index) and found.of == Name("headers"):
            if not isinstance(found.key, Literal) or not isinstance(found.key.value, str):
                raise NoCounterpart(_shown(found), "a header is named by fixed text")
            key = found.key.value.lower()
            return tree.Path("headers", (tree.Step(key, bracket=not is_name(key)),), span=NOWHERE)
        if isinstance(found, Index):
            return self.value(found.of) if found.of == Name("params") else self.unknown(found)
        if isinstance(found, Invoke) and found.name in _FUNCTIONS:
            args = found.args if found.of is None else (found.of, *found.args)
            return call(_FUNCTIONS[found.name], *map(self.value, args))
        return self.unknown(found)

    def name(self, name: str) -> Node:
        if name == "model":
            return path("model")
        if name in _KEYS:
            if len(_KEYS[name]) > 1:
                why = f"store it as `{name}` in the metadata of the API keys"
                self.report.note(self.pointer, name, why)
            return path("api_key", *_KEYS[name])
        raise NoCounterpart(name, _UNKNOWN.get(name, "there is no such variable"))

    def unknown(self, found: Expression) -> Node:
        raise NoCounterpart(_shown(found), "it has no counterpart")


def _shown(found: Expression) -> str:
    """The part of an expression, in short."""
    if isinstance(found, Literal):
        return msgspec.json.encode(found.value).decode()
    if isinstance(found, Name):
        return found.name
    if isinstance(found, Index):
        return f"{_shown(found.of)}[{_shown(found.key)}]"
    if isinstance(found, Items):
        return f"[{', '.join(map(_shown, found.items))}]"
    if isinstance(found, Invoke):
        of = "" if found.of is None else f"{_shown(found.of)}."
        return f"{of}{found.name}({', '.join(map(_shown, found.args))})"
    if isinstance(found, Binary):
        return f"{_shown(found.left)} {found.op} {_shown(found.right)}"
    if isinstance(found, Invert):
        return f"!({_shown(found.operand)})"
    return f" {found.op} ".join(map(_shown, found.items))
