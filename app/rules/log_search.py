"""Filters of the request log: the rule language over log rows, read and evaluated. `to_sql` writes them as SQL."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from app.protocols.endpoints import ENDPOINTS
from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.check import check
from app.rules.context import Facts
from app.rules.diagnostics import Diagnostic
from app.rules.evaluate import Evaluation
from app.rules.fields import LOGS
from app.rules.parser import parse
from app.rules.searchable import is_time, milliseconds
from app.rules.values import MISSING, Value

Lists = Mapping[str, frozenset[str]]
Row = Mapping[str, Any]
"""A row of the request log by the names of its columns; None stands for missing."""

COLUMNS: Final = {
    "model": "requested_model",
    "stream": "is_stream",
    "client.ip": "client_ip",
    "api_key.id": "api_key_id",
    "api_key.name": "api_key_name",
}
"""Columns of the fields that are called otherwise in rules; all others have one name, but `endpoint` has no column."""

ENDPOINT: Final = "endpoint"
ROUTES: Final = {path: endpoint.name for path, endpoint in ENDPOINTS.items()}
"""The values of `endpoint` by path."""

_NO_REQUEST: Final = Facts(b"", [], "", "", False, None, None, 0.0)


class Search(msgspec.Struct, frozen=True):
    """A filter without errors."""

    text: str
    root: Node | None
    """Its tree, with times as the rows have them: milliseconds since the epoch. None: every row passes."""
    warnings: tuple[Diagnostic, ...]


def search(text: str, lists: Lists) -> Search:
    """Read a filter. Raises RuleError with all that is wrong with it."""
    checked = check(parse(text, LOGS), lists, LOGS)
    return Search(text, None if checked.root is None else _timed(checked.root), checked.warnings)


def holds(wanted: Search, row: Row, lists: Lists) -> bool:
    """Whether a row passes, by the rules' own evaluation: what the databases have to agree with. Never raises."""
    return wanted.root is None or _RowEvaluation(row, lists).passes(wanted.root)


class _RowEvaluation(Evaluation):
    """The meaning of a tree, with a log row in the place of a request."""

    def __init__(self, row: Row, lists: Lists) -> None:
        super().__init__(_NO_REQUEST, lists)
        self.row = row

    def path(self, node: tree.Path) -> Value:
        name = tree.dotted(node)
        value = ROUTES.get(self.row["path"]) if name == ENDPOINT else self.row[COLUMNS.get(name, name)]
        return MISSING if value is None else value


def _timed(node: Node) -> Node:
    """The tree with the times in it as numbers."""
    if isinstance(node, tree.And | tree.Or):
        return msgspec.structs.replace(node, items=tuple(map(_timed, node.items)))
    if isinstance(node, tree.Not):
        return msgspec.structs.replace(node, operand=_timed(node.operand))
    if isinstance(node, tree.Compare):
        if is_time(node.left) or is_time(node.right):
            left, right = _moment(node.left), _moment(node.right)
        else:
            left, right = _timed(node.left), _timed(node.right)
        return msgspec.structs.replace(node, left=left, right=right)
    if isinstance(node, tree.Member):
        found = node.set
        if is_time(node.value) and isinstance(found, tree.ListSet):
            found = msgspec.structs.replace(found, items=tuple(map(_moment, found.items)))
        return msgspec.structs.replace(node, value=_timed(node.value), set=found)
    return node


def _moment(node: Any) -> Any:
    """A time as a number; the field as it is."""
    if isinstance(node, tree.Const):
        return msgspec.structs.replace(node, value=milliseconds(str(node.value)), type="num")
    return node
