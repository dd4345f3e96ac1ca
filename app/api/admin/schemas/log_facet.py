"""Facets of the log in the admin API."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.domain.exchange import EndReason
from app.repositories.log_facets import Value
from app.services import log_facets

Count = Annotated[int, Meta(description="Records that have it, of those counted.")]


class NumberedFacet(msgspec.Struct, frozen=True, kw_only=True):
    """A provider or API key, and how often it is there."""

    id: Annotated[int, Meta(description="Its number: for `provider_id` or `api_key_id`.")]
    name: Annotated[str | None, Meta(description="A name it had in these records.")]
    count: Count


class ModelFacet(msgspec.Struct, frozen=True, kw_only=True):
    """A model that clients asked for, and how often."""

    value: Annotated[str, Meta(description="The model: for `requested_model`.")]
    count: Count


class StatusFacet(msgspec.Struct, frozen=True, kw_only=True):
    """A hundred of statuses, and how often it is there."""

    value: Annotated[int, Meta(description="The hundred, e.g. 4 for 400 to 499.")]
    count: Count


class EndReasonFacet(msgspec.Struct, frozen=True, kw_only=True):
    """A way for answers to end, and how often it is there."""

    value: Annotated[EndReason, Meta(description="The end: for `end_reason`.")]
    count: Count


class StreamFacet(msgspec.Struct, frozen=True, kw_only=True):
    """Requests for a stream or others, and how many they are."""

    value: Annotated[bool, Meta(description="Whether a stream was asked for: for `is_stream`.")]
    count: Count


class LogFacets(msgspec.Struct, frozen=True, kw_only=True):
    """The ten most frequent values of some fields among the newest 50,000 records that match, most frequent first."""

    counted: Annotated[int, Meta(description="How many records were counted.")]
    sampled: Annotated[
        bool, Meta(description="There may be more that match; only the newest 50,000 were counted.")
    ]
    provider: Annotated[list[NumberedFacet], Meta(description="Providers.")]
    requested_model: Annotated[list[ModelFacet], Meta(description="Models asked for.")]
    status_class: Annotated[list[StatusFacet], Meta(description="Statuses by their hundred.")]
    api_key: Annotated[list[NumberedFacet], Meta(description="API keys.")]
    end_reason: Annotated[list[EndReasonFacet], Meta(description="How the answers ended.")]
    is_stream: Annotated[list[StreamFacet], Meta(description="Whether a stream was asked for.")]

    @classmethod
    def of(cls, found: log_facets.Facets) -> "LogFacets":
        values = found.values
        return cls(
            counted=found.rows,
            sampled=found.sampled,
            provider=_numbered(values["provider"]),
            requested_model=[
                ModelFacet(value=each.text or "", count=each.count) for each in values["requested_model"]
            ],
            status_class=[
                StatusFacet(value=each.number or 0, count=each.count) for each in values["status_class"]
            ],
            api_key=_numbered(values["api_key"]),
            end_reason=[
                EndReasonFacet(value=EndReason(each.text or ""), count=each.count)
                for each in values["end_reason"]
            ],
            is_stream=[StreamFacet(value=each.number == 1, count=each.count) for each in values["is_stream"]],
        )


def _numbered(values: list[Value]) -> list[NumberedFacet]:
    return [NumberedFacet(id=each.number or 0, name=each.text, count=each.count) for each in values]
