"""Tokens of one exchange, and where the count comes from."""

from enum import StrEnum

import msgspec


class UsageSource(StrEnum):
    UPSTREAM = "upstream"
    """The upstream reported it."""
    COUNTED = "counted"
    """We counted it, since the upstream did not say."""
    PARTIAL = "partial"
    """The answer was cut: what had come until then was counted."""


class Usage(msgspec.Struct):
    """Token counts; None where unknown. `cached` and `reasoning` are parts of input and output."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    reasoning: int | None = None
