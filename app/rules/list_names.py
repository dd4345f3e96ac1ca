"""Which named lists a rule asks for; `memberships` next door checks whether it may."""

import functools

from app.rules import ast as tree
from app.rules.diagnostics import RuleError
from app.rules.parser import parse


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
