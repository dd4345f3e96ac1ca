"""Analysis across the rules of a stored model, as they are or with the changes of a draft."""

import asyncio
from collections.abc import Mapping

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import ResourceNotFound
from app.domain.draft import Draft
from app.domain.model import Strategy
from app.protocols.endpoints import ENDPOINTS
from app.rules.analysis.analyse import analyse
from app.rules.analysis.findings import Analysis, Named
from app.services.explain import drafted
from app.services.history import PastModel, configuration


class ModelAnalysis(msgspec.Struct, frozen=True):
    """An analysis, and what it is of: the revision of the configuration, and the model with its changes."""

    revision: int
    model: PastModel
    analysis: Analysis


async def analyse_model(session: AsyncSession, name: str, draft: Draft | None) -> ModelAnalysis:
    """What the rules of a model come to together; of its active targets only, as inactive ones take no request.

    :raises ResourceNotFound: no such model.
    :raises ValidationFailed: an unknown target, or a faulty rule in the draft.
    """
    stored = await configuration(session)
    model = stored.model(name)
    lists: Mapping[str, frozenset[str]] = stored.lists()
    if model is None:
        raise ResourceNotFound("There is no such model.")
    if draft is not None:
        model, lists = drafted(model, lists, draft)
    targets = [
        Named(target.id, target.provider, target.rule, target.priority, _endpoints(target.protocol))
        for target in model.targets
        if target.is_active
    ]
    analysis = await asyncio.to_thread(
        analyse, model.name, model.rule, targets, lists, Strategy(model.strategy)
    )
    return ModelAnalysis(stored.revision, model, analysis)


def _endpoints(protocol: str) -> frozenset[str]:
    return frozenset(each.name for each in ENDPOINTS.values() if each.protocol.value == protocol)
