"""Two sets of rules of one model over requests of the log: where each would send them, and what changes.

A request counts as evaluated only where nothing that is unknown of it (`unknown.py`) could change the outcome.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from app.domain.api_key import ApiKey
from app.rules.ast import conjuncts
from app.rules.check import Checked
from app.rules.compile import compile_choice, compile_refusals
from app.rules.context import Facts
from app.rules.engine import checked
from app.rules.recalled import read, recall
from app.rules.unknown import Read, bound, reads, unknown

SAMPLES: Final = 5
"""Request ids kept with each change."""
_MOST_GAPS: Final = 1024
"""Combinations of gaps remembered; clients can bring about any number."""
_MOST_COMPILED: Final = 128
"""Different gaps that rules are compiled for; what comes after counts as a request nothing is known of."""
_TOKENS: Final = ("token_usage.input_tokens", "token_usage.total_tokens")

Candidates = tuple[int, ...]
"""Ids of targets in stored order."""


class ReplayTarget(msgspec.Struct, frozen=True):
    id: int
    provider: str
    protocol: str
    rule: str


class LoggedRequest(msgspec.Struct, gc=False):
    """A row of the log, as far as it matters here."""

    request_id: str
    endpoint: str
    protocol: str
    model: str
    is_stream: bool
    api_key: ApiKey | None
    key_is_gone: bool
    """The key was removed: its tags and metadata are unknown."""
    client_ip: str | None
    time: float
    """Seconds since the epoch."""
    input_tokens: int | None
    """As the upstream reported them."""
    facts: str | None


class Refusal(msgspec.Struct, frozen=True):
    """Why a target takes no request: the first sub-expression that is false. `target_id` None: of the model's rule."""

    target_id: int | None
    refused_by: str
    """Source text, or `protocol`."""
    span: tuple[int, int] | None


class Bounds(msgspec.Struct):
    """Rules compiled for requests with certain gaps."""

    gaps: frozenset[Read]
    least: Callable[[Facts], Candidates]
    most: Callable[[Facts], Candidates] | None
    """None: there are no gaps that matter, and `least` is exact."""
    rules: list[Checked]
    """What certainly refuses: those of `most`."""
    refusals: Callable[[Facts], list[int]] | None = None


class RuleSide:
    """The rules of a model, live or drafted. Raises RuleError when one is wrong."""

    def __init__(
        self, rule: str, targets: Sequence[ReplayTarget], lists: Mapping[str, frozenset[str]]
    ) -> None:
        self.targets = tuple(targets)
        self._lists = lists
        self._ids = tuple(target.id for target in targets)
        self._protocols = {target.id: target.protocol for target in targets}
        self._rules = [
            checked(text, frozenset(lists)) for text in (rule, *(target.rule for target in targets))
        ]
        self._parts = [
            () if each.root is None else tuple(part.span for part in conjuncts(each.root))
            for each in self._rules
        ]
        roots = [each.root for each in self._rules if each.root is not None]
        self.reads: frozenset[Read] = frozenset().union(*map(reads, roots))
        self._by_gaps: dict[frozenset[Read], Bounds] = {}
        self._by_facts: dict[tuple[tuple[str, ...], tuple[str, ...]], Bounds] = {}

    def bounds(self, cut: tuple[str, ...], outlined: tuple[str, ...]) -> Bounds:
        """The rules for facts with these gaps."""
        found = self._by_facts.get((cut, outlined))
        if found is None:
            gaps = unknown(self.reads, cut, outlined)
            found = self._by_gaps.get(gaps)
            if found is None and len(self._by_gaps) >= _MOST_COMPILED:
                gaps = self.reads  # coarse, and right all the same
                found = self._by_gaps.get(gaps)
            if found is None:
                found = self._by_gaps[gaps] = self._compile(gaps)
            if len(self._by_facts) >= _MOST_GAPS:
                self._by_facts.clear()
            self._by_facts[cut, outlined] = found
        return found

    def candidates(self, bounds: Bounds, facts: Facts, protocol: str) -> Candidates | None:
        """Targets that would be tried; None where unknown values decide."""
        least = self._speaking(bounds.least(facts), protocol)
        if bounds.most is not None and self._speaking(bounds.most(facts), protocol) != least:
            return None
        return least

    def why_none(self, bounds: Bounds, facts: Facts, protocol: str) -> list[Refusal]:
        """What refuses a request that has no candidates, for the model or for each target."""
        if bounds.refusals is None:
            bounds.refusals = compile_refusals(bounds.rules).link("refusals", self._lists, {})
        numbers = bounds.refusals(facts)
        if numbers[0] >= 0:
            return [self._refusal(None, 0, numbers[0])]
        found = []
        for place, (target, number) in enumerate(zip(self.targets, numbers[1:], strict=True), 1):
            if number >= 0:
                found.append(self._refusal(target.id, place, number))
            elif target.protocol != protocol:
                found.append(Refusal(target.id, "protocol", None))
        return found

    def _refusal(self, target_id: int | None, place: int, number: int) -> Refusal:
        start, end = span = self._parts[place][number]
        return Refusal(target_id, self._rules[place].text[start:end], span)

    def _speaking(self, chosen: Candidates, protocol: str) -> Candidates:
        protocols = self._protocols
        for target_id in chosen:
            if protocols[target_id] != protocol:
                return tuple(each for each in chosen if protocols[each] == protocol)
        return chosen

    def _compile(self, gaps: frozenset[Read]) -> Bounds:
        if not gaps:
            return Bounds(gaps, self._choose(self._rules), None, self._rules)
        most = self._bounded(gaps, default=True)
        return Bounds(gaps, self._choose(self._bounded(gaps, default=False)), self._choose(most), most)

    def _bounded(self, gaps: frozenset[Read], *, default: bool) -> list[Checked]:
        return [
            each
            if each.root is None
            else msgspec.structs.replace(each, root=bound(each.root, gaps, default=default))
            for each in self._rules
        ]

    def _choose(self, rules: list[Checked]) -> Callable[[Facts], Candidates]:
        given: dict[str, Any] = {f"target{place}": target_id for place, target_id in enumerate(self._ids)}
        return compile_choice(rules[0], rules[1:]).link(
            "choose", self._lists, {**given, "all": self._ids, "none": ()}
        )


class Change(msgspec.Struct):
    """Requests that the draft sends elsewhere: by the first candidates before and after, None for none."""

    count: int = 0
    samples: list[str] = []
    refusals: Counter[Refusal] = msgspec.field(default_factory=Counter)
    """What refuses them, where no candidate is left."""


class Replay:
    """Counts. Memory does not grow with the number of requests."""

    def __init__(self, live: RuleSide, draft: RuleSide) -> None:
        self._live, self._draft = live, draft
        self._wanted = live.reads | draft.reads
        self._needs_tokens = any(path in _TOKENS for path, _ in self._wanted)
        self.evaluated = 0
        self.approximate = 0
        """Of those evaluated: input tokens were taken from the upstream's report."""
        self.unchanged = 0
        self.changes: dict[tuple[int | None, int | None], Change] = {}
        """With the same target before and after: the first candidate stays, the others differ."""
        self.gaps: Counter[str] = Counter()
        """Requests that could not be evaluated, by the paths that would have to be known."""
        self.gone_keys = 0
        self.outcomes: Counter[tuple[Candidates, Candidates]] = Counter()
        """Requests by their candidates before and after."""

    def add(self, request: LoggedRequest) -> None:
        """Count one request of the log."""
        recorded = read(request.facts, request.endpoint)
        cut = recorded.cut
        tokens, is_approximate = request.input_tokens, False
        if self._needs_tokens and recorded.input_tokens is None:
            if tokens is None:
                cut = (*cut, "token_usage.input_tokens")
            else:
                is_approximate = True
        if request.key_is_gone:
            self.gone_keys += 1
            cut = (*cut, "api_key.tags", "api_key.metadata")
        facts = recall(
            recorded,
            request.model,
            request.is_stream,
            request.api_key,
            request.client_ip,
            request.time,
            tokens if self._needs_tokens else None,
        )
        live_bounds = self._live.bounds(cut, recorded.outlined)
        draft_bounds = self._draft.bounds(cut, recorded.outlined)
        live = self._live.candidates(live_bounds, facts, request.protocol)
        draft = self._draft.candidates(draft_bounds, facts, request.protocol)
        if live is None or draft is None:
            gaps = live_bounds.gaps if live is None else frozenset()
            gaps |= draft_bounds.gaps if draft is None else frozenset()
            self.gaps.update({path for path, _ in gaps})
            return
        self.evaluated += 1
        self.approximate += is_approximate
        self.outcomes[live, draft] += 1
        if live == draft:
            self.unchanged += 1
            return
        place = live[0] if live else None, draft[0] if draft else None
        change = self.changes.get(place)
        if change is None:
            change = self.changes[place] = Change()
        change.count += 1
        if len(change.samples) < SAMPLES:
            change.samples.append(request.request_id)
        if not draft:
            change.refusals.update(self._draft.why_none(draft_bounds, facts, request.protocol))
