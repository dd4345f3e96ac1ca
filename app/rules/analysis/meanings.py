"""What rules mean, as diagrams: over the witnesses, which are real requests, and over all requests there can be."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from app.domain.sample import Sample
from app.rules import ast as tree
from app.rules.analysis.diagrams import TRUE, Diagrams
from app.rules.analysis.footprint import Atom, Footprint, spelled
from app.rules.analysis.outcomes import Outcomes, asker
from app.rules.analysis.sources import Source, Sources, sample_of
from app.rules.ast import Node
from app.rules.context import Facts
from app.rules.sample import facts_of

_ALL_STEPS: Final = 250_000
"""Of diagrams, in one analysis; about a second."""
_QUESTION_STEPS: Final = 20_000
_MOST_OUTCOMES: Final = 60_000
"""Atoms times witnesses of one source."""


class Meaning(msgspec.Struct, frozen=True):
    """A condition twice, and what that proves.

    `seen` is over the witnesses: each of its solutions is a request the condition is true of. In `wide` each atom
    whose outcomes the witnesses may not exhaust is a variable of its own, true or false. So what `seen` has can be;
    what `wide` has not cannot be; what is between the two has not been found, and that is all.

    Why `wide` leaves out no request: take any. The exact atoms of one source only ask in which region its values lie,
    or which of a few values they are, and each region has a witness (`regions`, `witnesses.any_json`); so there is one
    witness for which they all have the outcome they have for the request. Sources are independent, so these witnesses
    together are one assignment; the variables of the other atoms take the outcomes the request gives them. Under this
    assignment the diagram is true exactly if the rule is true of the request, whatever `and`, `or` and `not` it has.
    """

    seen: int
    wide: int


class Meanings:
    """The rules of one model. Questions raise Spent, or RecursionError, when they go too far."""

    def __init__(
        self,
        model: str,
        roots: Iterable[Node],
        lists: Mapping[str, frozenset[str]],
        endpoints: Sequence[str],
    ) -> None:
        self._model = model
        self._lists = lists
        self._footprint = Footprint(lists)
        for root in roots:
            self._footprint.add(root)
        self._sources = Sources(self._footprint, endpoints)
        self.thinned = False
        """There were more witnesses than could be asked."""
        self._diagrams = Diagrams(0)
        self._left = _ALL_STEPS
        self._outcomes: dict[str, int] = {}
        """What the witnesses say of each atom."""
        self._unknown: dict[str, int] = {}
        self._askers: dict[int, Callable[[Facts], bool]] = {}
        atoms: dict[int, list[Atom]] = {id(source): [] for source in self._sources.all()}
        for key, atom in self._footprint.atoms.items():
            source = self._sources.of(atom)
            if source is None:  # a constant
                self._outcomes[key] = int(self.passes(atom.node, sample_of(model, ())))
            else:
                atoms[id(source)].append(atom)
        # What many rules ask comes first, which keeps the diagrams small.
        self._levels = sorted(self._sources.all(), key=lambda source: -len(atoms[id(source)]))
        for source in self._levels:
            self._read(source, atoms[id(source)])

    def of(self, root: Node | None) -> Meaning:
        """:raises Spent:"""
        if root is None:
            return ALWAYS
        if isinstance(root, tree.Not):
            return self.negate(self.of(root.operand))
        if isinstance(root, tree.And | tree.Or):
            turned = isinstance(root, tree.Or)
            found = ALWAYS
            for item in root.items:
                meaning = self.of(item)
                found = self.both(found, self.negate(meaning) if turned else meaning)
            return self.negate(found) if turned else found
        atom = self._footprint.atom(root)
        seen = self._outcomes[spelled(root)]
        return Meaning(seen, seen if self._sources.is_exact(atom) else self._free(spelled(root)))

    def by(self, endpoints: Iterable[str]) -> Meaning:
        """The request comes by one of these endpoints."""
        allowed = frozenset(endpoints)
        source = self._sources.of_endpoint()
        bits = 0
        for place, witness in enumerate(source.witnesses):
            if dict(witness.fields)["endpoint",] in allowed:
                bits |= 1 << place
        seen = self._diagrams.test(self._levels.index(source), bits)
        if source.closed or bits == (1 << len(source.witnesses)) - 1:
            return Meaning(seen, seen)
        return Meaning(seen, self._free(f"by {sorted(allowed)}"))

    def allow(self) -> None:
        """Allow the steps for another question, as far as there are any left."""
        self._left += self._diagrams.left
        self._diagrams.left = max(min(_QUESTION_STEPS, self._left), 0)
        self._left -= self._diagrams.left

    def negate(self, one: Meaning) -> Meaning:
        seen = self._diagrams.negate(one.seen)
        return Meaning(seen, seen if one.seen == one.wide else self._diagrams.negate(one.wide))

    def both(self, one: Meaning, other: Meaning) -> Meaning:
        """:raises Spent:"""
        seen = self._diagrams.both(one.seen, other.seen)
        if one.seen == one.wide and other.seen == other.wide:
            return Meaning(seen, seen)
        return Meaning(seen, self._diagrams.both(one.wide, other.wide))

    def can_be(self, meanings: Sequence[Meaning]) -> tuple[bool, bool]:
        """Whether all can be true of one request: of one of the witnesses, and of any as far as is known.

        :raises Spent:
        """
        seen = self._diagrams.solve(meaning.seen for meaning in meanings) is not None
        if seen or all(meaning.seen == meaning.wide for meaning in meanings):
            return seen, seen
        return seen, self._diagrams.solve(meaning.wide for meaning in meanings) is not None

    def example(self, *meanings: Meaning) -> tuple[Sample, bool] | None:
        """A request all these are true of, and whether its fields are of the types they should have; None where the
        witnesses have none. One that is well made is taken where there is one.

        :raises Spent:
        """
        conditions = [meaning.seen for meaning in meanings]
        levels = {level for condition in conditions for level in self._diagrams.support(condition)}
        proper = [self._diagrams.test(level, self._levels[level].proper) for level in sorted(levels)]
        solution = self._diagrams.solve([*conditions, *proper])
        if solution is None:
            solution = self._diagrams.solve(conditions)
        if solution is None:
            return None
        chosen = {self._levels.index(self._sources.of_endpoint()): 0, **solution}
        witnesses = [self._levels[level].witnesses[value] for level, value in sorted(chosen.items())]
        return sample_of(self._model, witnesses), all(witness.proper for witness in witnesses)

    def passes(self, root: Node | None, sample: Sample) -> bool:
        """What the rule itself says of a request."""
        if root is None:
            return True
        if id(root) not in self._askers:
            self._askers[id(root)] = asker(root, self._lists)
        return self._askers[id(root)](facts_of(sample))

    def _read(self, source: Source, atoms: list[Atom]) -> None:
        """Ask each atom of each witness of its source."""
        self.thinned |= source.thin(_MOST_OUTCOMES // max(len(atoms), 1))
        level = self._diagrams.variable(len(source.witnesses))
        requests = [facts_of(sample_of(self._model, (witness,))) for witness in source.witnesses]
        outcomes = Outcomes(requests, self._lists)
        for atom in atoms:
            self._outcomes[spelled(atom.node)] = self._diagrams.test(level, outcomes.of(atom.node))

    def _free(self, key: str) -> int:
        """The variable of what the witnesses may not exhaust."""
        if key not in self._unknown:
            self._unknown[key] = self._diagrams.test(self._diagrams.variable(2), 0b10)
        return self._unknown[key]


ALWAYS: Final = Meaning(TRUE, TRUE)
