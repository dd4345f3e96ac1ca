"""Decision diagrams: conditions over variables of a few values each, kept so that equal conditions are one number.

`sources` next door makes the variables, `analyse` asks the questions.
"""

from collections.abc import Iterable
from typing import Final

FALSE: Final = 0
TRUE: Final = 1
Branch = tuple[int, int]
"""Values of the variable as bits, and the condition that remains for them."""


class Spent(Exception):
    """The question takes more steps, or reaches deeper, than is allowed: it stays open."""


class Diagrams:
    """Reduced and ordered (Bryant 1986), with variables of any number of values: a node has one branch for each
    condition that can remain, and no two nodes are alike. So two conditions have one meaning, over these variables
    and values, exactly when they are the same number; whether one can be true at all is a look at the number.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps
        """Steps that may still be made; set anew for each question."""
        self._sizes: list[int] = []
        self._nodes: list[tuple[int, tuple[Branch, ...]]] = [(-1, ()), (-1, ())]
        self._known: dict[tuple[int, tuple[Branch, ...]], int] = {}
        self._both: dict[tuple[int, int], int] = {}
        self._negated: dict[int, int] = {FALSE: TRUE, TRUE: FALSE}

    def variable(self, size: int) -> int:
        """A new variable of so many values, after all others in order. Returns its level."""
        self._sizes.append(size)
        return len(self._sizes) - 1

    def test(self, level: int, values: int) -> int:
        """True for these values (bits) of a variable."""
        rest = ((1 << self._sizes[level]) - 1) & ~values
        return self._node(level, [(values, TRUE), (rest, FALSE)])

    def negate(self, one: int) -> int:
        found = self._negated.get(one)
        if found is None:
            level, branches = self._nodes[one]
            turned = []
            for values, rest in branches:
                turned.append((values, self.negate(rest)))
            found = self._negated[one] = self._node(level, turned)
            self._negated[found] = one
        return found

    def both(self, one: int, other: int) -> int:
        """:raises Spent:"""
        if one == other or other == TRUE:
            return one
        if one == TRUE:
            return other
        if one == FALSE or other == FALSE:
            return FALSE
        key = (one, other) if one < other else (other, one)
        found = self._both.get(key)
        if found is None:
            self.left -= 1
            if self.left < 0:
                raise Spent
            level, branches = self._nodes[one]
            other_level, other_branches = self._nodes[other]
            met: list[Branch] = []
            if level < other_level:
                for values, rest in branches:
                    met.append((values, self.both(rest, other)))
            elif other_level < level:
                level = other_level
                for values, rest in other_branches:
                    met.append((values, self.both(one, rest)))
            else:
                for values, rest in branches:
                    for other_values, other_rest in other_branches:
                        shared = values & other_values
                        if shared:
                            met.append((shared, self.both(rest, other_rest)))
            found = self._both[key] = self._node(level, met)
        return found

    def support(self, one: int) -> list[int]:
        """Levels the condition depends on, ascending."""
        seen, waiting, found = {FALSE, TRUE}, [one], set()
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                level, branches = self._nodes[node]
                found.add(level)
                waiting += [rest for _, rest in branches]
        return sorted(found)

    def solve(self, conditions: Iterable[int]) -> dict[int, int] | None:
        """By level, the number of a value that makes all conditions true; None when they can't all be. Levels left out
        don't matter.

        Their conjunction is never built: it can be far larger than they are. Values are tried level by level, the
        ones that settle most conditions first.

        :raises Spent:
        """
        left = frozenset(conditions) - {TRUE}
        return None if FALSE in left else self._solve(left, set())

    def _solve(self, left: frozenset[int], failed: set[frozenset[int]]) -> dict[int, int] | None:
        if not left:
            return {}
        if left in failed:
            return None
        level = min(self._nodes[one][0] for one in left)
        kinds = [((1 << self._sizes[level]) - 1, left)]
        for one in left:
            at, branches = self._nodes[one]
            if at == level:
                self.left -= len(kinds)
                if self.left < 0:
                    raise Spent
                kinds = [
                    (shared, (rest - {one}) | {below} - {TRUE})
                    for values, rest in kinds
                    for others, below in branches
                    if below != FALSE and (shared := values & others)
                ]
        for values, rest in sorted(kinds, key=lambda kind: (len(kind[1]), _lowest(kind))):
            found = self._solve(rest, failed)
            if found is not None:
                return {level: _lowest((values, rest)).bit_length() - 1, **found}
        failed.add(left)
        return None

    def _node(self, level: int, branches: list[Branch]) -> int:
        merged: dict[int, int] = {}
        for values, rest in branches:
            if values:
                merged[rest] = merged.get(rest, 0) | values
        if len(merged) == 1:
            return next(iter(merged))
        key = (level, tuple(sorted((values, rest) for rest, values in merged.items())))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self._nodes)
            self._nodes.append(key)
        return found


def _lowest(branch: tuple[int, object]) -> int:
    return branch[0] & -branch[0]
