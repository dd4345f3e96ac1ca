"""What a client of ours holds. The value itself is never here: a keyed hash finds it."""

import msgspec


class ApiKey(msgspec.Struct, frozen=True):
    """An API key of a snapshot; disabled keys are not in a snapshot."""

    id: int
    name: str
    expires_at: float | None = None
    """Seconds since the epoch; None never expires."""
    allowed_models: frozenset[str] | None = None
    """Names of models the key may use; None allows all."""
    requests_per_minute: int | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, str | int | float | bool] = {}
