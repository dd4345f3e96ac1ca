"""From a sample request to the facts that rules read."""

import msgspec

from app.domain.api_key import ApiKey
from app.domain.sample import Sample
from app.rules.context import Facts


def facts_of(sample: Sample) -> Facts:
    """The facts of a sample; `input_tokens` as given, not counted here."""
    lines: list[tuple[bytes, bytes]] = []
    for name, value in sample.headers.items():
        values = (value,) if isinstance(value, str) else value
        lines += [(name.lower().encode(), line.encode("utf-8", "surrogateescape")) for line in values]
    key = sample.api_key
    model = sample.body.get("model")
    facts = Facts(
        msgspec.json.encode(sample.body),
        lines,
        sample.endpoint,
        model if isinstance(model, str) else "",
        sample.body.get("stream") is True,
        None if key is None else ApiKey(key.id, key.name, tags=key.tags, metadata=key.metadata),
        sample.client_ip,
        0.0 if sample.at is None else sample.at.timestamp(),
    )
    facts.input_tokens = sample.input_tokens
    return facts
