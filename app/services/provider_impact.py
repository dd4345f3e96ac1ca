"""What the requests of the last day would have lost without a provider, by the traces that are stored with them."""

from collections import Counter
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.clock import Clock, SystemClock
from app.common.errors import ResourceNotFound
from app.repositories.deadline import QueryTooSlow, deadline
from app.repositories.provider_impact import ProviderImpactRepository
from app.repositories.providers import ProviderRepository
from app.services.log_traces import read_trace
from app.services.request_logs import too_slow

DAY: Final = 24 * 3600 * 1000
MOST_JUDGED: Final = 20_000
SECONDS: Final = 10.0
MOST_NAMED: Final = 20


class Affected(msgspec.Struct, frozen=True):
    """A model or an API key, and its requests."""

    id: int | None
    name: str | None
    requests: int


class Impact(msgspec.Struct, frozen=True):
    """`models` and `keys` are those of the requests without another candidate."""

    start_time: int
    """Milliseconds since the epoch."""
    requests: int
    judged: int
    """The newest so many were looked at."""
    stranded: int
    """Of these, requests for which no other provider was a candidate."""
    model_count: int
    key_count: int
    models: list[Affected]
    keys: list[Affected]
    used_by: list[str]
    """Models with a target at the provider."""


class ProviderImpacts:
    def __init__(self, session: AsyncSession, clock: Clock | None = None) -> None:
        self._session = session
        self._clock = clock or SystemClock()

    async def of(self, provider_id: int) -> Impact:
        """
        :raises ResourceNotFound:
        :raises ValidationFailed: the search takes too long.
        """
        providers = ProviderRepository(self._session)
        if await providers.by_id(provider_id) is None:
            raise ResourceNotFound("There is no such provider.")
        used_by = list(await providers.models_using(provider_id))
        since = int(self._clock.time() * 1000) - DAY
        logs = ProviderImpactRepository(self._session)
        try:
            async with deadline(self._session, SECONDS):
                requests = await logs.answered(provider_id, since)
                decisions = await logs.decisions(provider_id, since, MOST_JUDGED)
        except QueryTooSlow:
            raise too_slow() from None
        models: Counter[str | None] = Counter()
        keys: Counter[int | None] = Counter()
        names: dict[int | None, str | None] = {}
        for row in decisions:
            if _had_another(row):
                continue
            models[row.requested_model] += row.requests
            keys[row.api_key_id] += row.requests
            names[row.api_key_id] = row.api_key_name
        return Impact(
            start_time=since,
            requests=requests,
            judged=sum(row.requests for row in decisions),
            stranded=models.total(),
            model_count=len(models),
            key_count=len(keys),
            models=[Affected(None, name, count) for name, count in models.most_common(MOST_NAMED)],
            keys=[Affected(key, names[key], count) for key, count in keys.most_common(MOST_NAMED)],
            used_by=used_by,
        )


def _had_another(row: Any) -> bool:
    """A target of another provider had passed the rules. Names are those of the time of the request, in both."""
    return any(
        verdict.passed and verdict.target_id is not None and verdict.provider != row.provider
        for verdict in read_trace(row.trace)
    )
