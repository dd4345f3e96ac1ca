"""Which named lists a rule asks for; `memberships` next door checks whether it may."""

import functools
import re

from app.rules import ast as tree
from app.rules.diagnostics import RuleError
from app.rules.parser import parse

_NONE: frozenset[str] = frozenset()
_NAME = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*)")
"""LIST_NAME of the grammar, wherever it stands."""


def possible_list_names(text: str) -> frozenset[str]:
    """At least the names that `list_names` finds, without the time a parser takes: some may be in texts."""
    return frozenset(_NAME.findall(text)) if "$" in text else _NONE


@functools.lru_cache(maxsize=8192)
def list_names(text: str) -> frozenset[str]:
    """Names, without `$`, of the lists in a rule; none for a text that is no rule."""
    if "$" not in text:
        return frozenset()
    try:
        root = parse(text).root
    except RuleError:
        return frozenset()
    nodes = () if root is None else tree.walk(root)
    return frozenset(
        node.set.name
        for node in nodes
        if isinstance(node, tree.Member) and isinstance(node.set, tree.NamedSet)
    )
