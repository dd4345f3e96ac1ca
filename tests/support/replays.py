"""A model with two targets, and logged requests for it with facts, for tests of replays."""

import json
from typing import Any

import msgspec

from app.common.secrets import Keyring
from app.db.session import Database
from app.domain.exchange import Exchange
from app.rules.context import Facts
from app.rules.recorded import record
from tests.support.configuration import Configuration
from tests.support.logs import NOW, exchange


class Replayable(msgspec.Struct, frozen=True):
    model: str
    targets: list[int]
    key_id: int


def logged(
    made: Replayable, *, at: float = NOW, headers: Any = (), body: Any = None, **changes: Any
) -> Exchange:
    """A request with the facts a gateway stores, answered by the first target."""
    members = {"model": made.model, "messages": [{"role": "user", "content": "hi"}], **(body or {})}
    raw = json.dumps(members).encode()
    lines = [(name.encode(), value.encode()) for name, value in headers]
    facts = Facts(raw, lines, "chat/completions", made.model, False, None, "192.0.2.7", at)
    values = {
        "request_time": at,
        "requested_model": made.model,
        "target_id": made.targets[0],
        "provider": "cheap",
        "api_key_id": made.key_id,
        "request_headers": [(b"authorization", b"Bearer secret-of-a-client"), *lines],
        "request_body": raw,
        "request_size": len(raw),
        "facts": record(facts),
    }
    return exchange(**(values | changes))


async def replayable(database: Database, model: str = "chat", rule: str = "") -> Replayable:
    """Stores a model with the targets `cheap` and `good`, and an API key with the tag `beta`."""
    async with database.transaction() as session:
        configuration = Configuration(session, Keyring("k" * 32))
        providers = [await configuration.provider(f"{name}-{model}") for name in ("cheap", "good")]
        _, targets = await configuration.model(model, *providers, rule=rule)
        key, _ = await configuration.api_key(f"key-{model}", tags=["beta"])
        return Replayable(model, [target.id for target, _ in targets], key.id)
