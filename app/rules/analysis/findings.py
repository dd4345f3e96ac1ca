"""What an analysis of the rules of a model takes, and what it finds. `analyse` next door makes it."""

from enum import StrEnum
from typing import Final

import msgspec

from app.domain.sample import Sample
from app.protocols.endpoints import ENDPOINTS
from app.rules.ast import Span

ENDPOINT_NAMES: Final = tuple(endpoint.name for endpoint in ENDPOINTS.values())


class Named(msgspec.Struct, frozen=True):
    """A target as far as rules go. `name` is for messages."""

    id: int
    name: str
    rule: str
    priority: int = 0
    endpoints: frozenset[str] = frozenset(ENDPOINT_NAMES)
    """Endpoints of the protocol its provider speaks; other requests never get to it."""


class FindingCode(StrEnum):
    """Stable names of findings."""

    INVALID = "invalid"
    """The text is no rule, so it is left out of the rest."""
    NEVER_TRUE = "never_true"
    ALWAYS_TRUE = "always_true"
    """It could as well be left away: it passes always, or whenever the model's own rule does."""
    CONSTANT = "constant"
    """A condition about the name of the model, which is known."""
    IDLE = "idle"
    """One of the conditions joined by `and` refuses nothing that the others let through."""
    UNREACHABLE = "unreachable"
    """The model's own rule, or the endpoints of the provider's protocol, exclude all a target's rule is true of."""
    SHADOWED = "shadowed"
    """With the strategy `priority`: whenever the target is a candidate, one that is tried before it is one as well."""
    SAME_MEANING = "same_meaning"
    OVERLAP = "overlap"
    GAP = "gap"
    """The model is offered, and no target takes the request."""


class FindingSeverity(StrEnum):
    """How much it matters: an error can hardly be meant, a warning may be, an info is for reading."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Proof(StrEnum):
    PROVEN = "proven"
    """By an example, or because the requests looked at stand for all there can be."""
    NOT_FOUND = "not_found"
    """No request looked at says otherwise; some other may."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. Places are in the rule of the target `target_id`; None: in the model's own."""

    code: FindingCode
    severity: FindingSeverity
    proof: Proof
    message: str
    target_id: int | None = None
    other_ids: tuple[int, ...] = ()
    """Other targets it is about."""
    span: Span | None = None
    """The piece of the rule it is about; None: all of it, or no rule at all."""
    example: Sample | None = None
    """A request that shows it, where there is one that can."""


class Analysis(msgspec.Struct, frozen=True):
    """All findings, the worst first."""

    findings: tuple[Finding, ...]
    complete: bool
    """False: the rules are too many or too large for all questions; those left open gave no finding."""
    overlaps_left_out: int
    """Pairs of targets with a common request beyond those that are among the findings."""
