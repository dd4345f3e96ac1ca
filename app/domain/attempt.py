"""What was done for a request, as its log record tells it: what the rules said of each target, which were tried."""

import msgspec


class Attempt(msgspec.Struct):
    """One upstream try. Times are seconds after the request arrived."""

    target_id: int
    provider_id: int
    provider: str
    target_model: str
    started: float
    first_byte: float | None = None
    ended: float | None = None
    status: int | None = None
    error: str | None = None
    """Error class: `connect`, `dns`, `tls`, `blocked_address`, `reset`, `protocol`, `too_large`, `redirect`,
    `timeout_connect`, `timeout_first_byte`, `timeout_idle`, `timeout_attempt`, `timeout_total`, `truncated`,
    `client_left`, `client_stalled`, `cancelled`; None where a whole answer came."""
    next: str | None = None
    """Why another attempt followed: `retry` (same target) or `failover` (next target) and the cause; None: the last."""


class Verdict(msgspec.Struct):
    """What the rules said of one target (`target_id` None: of the model as a whole)."""

    target_id: int | None
    provider: str | None
    passed: bool
    refused_by: str | None = None
    """The sub-expression (source text) that refused, or another reason such as `protocol`."""
    span: tuple[int, int] | None = None
    """Start and end offset of the sub-expression in the rule's text."""
