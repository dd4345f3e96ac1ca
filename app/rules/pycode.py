"""The few kinds of Python syntax that rules are compiled to, and the guard that nothing else gets through."""

import ast
from collections.abc import Sequence
from types import CodeType

_ALLOWED: frozenset[type[ast.AST]] = frozenset(
    (
        ast.Module,
        ast.FunctionDef,
        ast.arguments,
        ast.arg,
        ast.Return,
        ast.Assign,
        ast.AugAssign,
        ast.Add,
        ast.If,
        ast.For,
        ast.Expr,
        ast.Call,
        ast.Attribute,
        ast.Subscript,
        ast.Name,
        ast.NamedExpr,
        ast.Load,
        ast.Store,
        ast.Constant,
        ast.List,
        ast.BoolOp,
        ast.And,
        ast.Or,
        ast.UnaryOp,
        ast.Not,
        ast.IfExp,
        ast.Compare,
        ast.Eq,
        ast.Lt,
        ast.LtE,
        ast.Gt,
        ast.GtE,
        ast.Is,
        ast.IsNot,
        ast.In,
    )
)
_ATTRIBUTES = frozenset(
    (
        *(
            "address",
            "api_key",
            "body",
            "endpoint",
            "has_images",
            "has_tools",
            "headers",
            "input_tokens",
            "ip",
        ),
        *("last_user_text", "max_output_tokens", "message_count", "model", "now", "stream", "system_text"),
        *("total_tokens", "id", "name", "tags", "metadata", "get", "startswith", "endswith", "append"),
        *("isascii", "lower"),
    )
)
_OPERATORS: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "is": ast.Is,
    "is not": ast.IsNot,
    "in": ast.In,
}


def name(text: str) -> ast.expr:
    return ast.Name(text, ast.Load())


def constant(value: str | bytes | int | float | bool | None) -> ast.expr:
    return ast.Constant(value)


def attribute(value: ast.expr, text: str) -> ast.expr:
    return ast.Attribute(value, text, ast.Load())


def call(function: str | ast.expr, *args: ast.expr) -> ast.expr:
    return ast.Call(name(function) if isinstance(function, str) else function, list(args), [])


def kept(text: str, value: ast.expr) -> ast.expr:
    """`(text := value)`."""
    return ast.NamedExpr(ast.Name(text, ast.Store()), value)


def compare(left: ast.expr, *rest: str | ast.expr) -> ast.expr:
    """`left op right`, or `left op middle op right`."""
    operators = [_OPERATORS[part]() for part in rest if isinstance(part, str)]
    return ast.Compare(left, operators, [part for part in rest if not isinstance(part, str)])


def both(*parts: ast.expr) -> ast.expr:
    return ast.BoolOp(ast.And(), list(parts)) if len(parts) > 1 else parts[0]


def either(*parts: ast.expr) -> ast.expr:
    return ast.BoolOp(ast.Or(), list(parts)) if len(parts) > 1 else parts[0]


def negation(value: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), value)


def choice(test: ast.expr, yes: ast.expr, no: ast.expr) -> ast.expr:
    """`yes if test else no`."""
    return ast.IfExp(test, yes, no)


def item(value: ast.expr, index: int | str) -> ast.expr:
    return ast.Subscript(value, constant(index), ast.Load())


def assign(text: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(text, ast.Store())], value)


def function(text: str, params: Sequence[str], body: list[ast.stmt]) -> ast.stmt:
    arguments = ast.arguments([], [ast.arg(param) for param in params], None, [], [], None, [])
    return ast.FunctionDef(text, arguments, body, [])


def build(functions: Sequence[ast.stmt]) -> dict[str, CodeType]:
    """The code of each function, by name. Nothing is run.

    Raises ValueError on syntax, attributes or names that no rule needs: a fault of the compiler, not of a rule.
    """
    module = ast.Module(list(functions), [])
    for node in ast.walk(module):
        if type(node) not in _ALLOWED:
            raise ValueError(f"{type(node).__name__} is no syntax of rules")
        if isinstance(node, ast.Attribute) and node.attr not in _ATTRIBUTES:
            raise ValueError(f"{node.attr} is no attribute rules read")
        if isinstance(node, ast.Name) and not node.id.isidentifier():
            raise ValueError(f"{node.id!r} is no name")
    code = compile(ast.fix_missing_locations(module), "<rules>", "exec")
    return {part.co_name: part for part in code.co_consts if isinstance(part, CodeType)}
