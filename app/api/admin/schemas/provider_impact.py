"""The impact of a provider in the admin API."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.api.admin.schemas.base import Time
from app.api.admin.schemas.log import moment
from app.services.provider_impact import Affected, Impact


class ImpactItem(msgspec.Struct, frozen=True, kw_only=True):
    """A model or an API key that would have lost requests."""

    id: Annotated[int | None, Meta(description="Number of the API key; null for models.")]
    name: Annotated[str | None, Meta(description="Name of the model or API key at the time.")]
    requests: Annotated[int, Meta(description="Requests without another candidate.")]

    @classmethod
    def of(cls, affected: Affected) -> "ImpactItem":
        return cls(id=affected.id, name=affected.name, requests=affected.requests)


class ProviderImpact(msgspec.Struct, frozen=True, kw_only=True):
    """What the requests of the last 24 hours would have lost without the provider."""

    start_time: Annotated[Time, Meta(description="Requests from this time on count.")]
    requests: Annotated[int, Meta(description="Requests that ended at the provider.")]
    judged: Annotated[int, Meta(description="How many of these were looked at: the newest 20,000.")]
    without_other: Annotated[
        int, Meta(description="Of those looked at: no target of another provider had passed the rules.")
    ]
    model_count: Annotated[int, Meta(description="Models of the requests without another candidate.")]
    key_count: Annotated[int, Meta(description="API keys of the requests without another candidate.")]
    models: Annotated[
        list[ImpactItem], Meta(description="These models, at most 20, those with most requests first.")
    ]
    keys: Annotated[list[ImpactItem], Meta(description="These API keys, likewise.")]
    used_by: Annotated[
        list[str],
        Meta(description="Models with a target at the provider, which has to go before the provider can."),
    ]

    @classmethod
    def of(cls, impact: Impact) -> "ProviderImpact":
        return cls(
            start_time=moment(impact.start_time),
            requests=impact.requests,
            judged=impact.judged,
            without_other=impact.stranded,
            model_count=impact.model_count,
            key_count=impact.key_count,
            models=[ImpactItem.of(each) for each in impact.models],
            keys=[ImpactItem.of(each) for each in impact.keys],
            used_by=impact.used_by,
        )
