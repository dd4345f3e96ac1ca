"""The client routes that are proxied: path, name and protocol of each."""

import msgspec

from app.domain.provider import Protocol


class Endpoint(msgspec.Struct, frozen=True):
    """One `POST` route. `name` is what rules, metrics and the readers of this package call it."""

    name: str
    protocol: Protocol

    @property
    def path(self) -> str:
        return "/v1/" + self.name


CHAT = Endpoint("chat/completions", Protocol.OPENAI)
COMPLETIONS = Endpoint("completions", Protocol.OPENAI)
EMBEDDINGS = Endpoint("embeddings", Protocol.OPENAI)
RESPONSES = Endpoint("responses", Protocol.OPENAI)
MESSAGES = Endpoint("messages", Protocol.ANTHROPIC)
COUNT_TOKENS = Endpoint("messages/count_tokens", Protocol.ANTHROPIC)

ENDPOINTS = {
    endpoint.path: endpoint for endpoint in (CHAT, COMPLETIONS, EMBEDDINGS, RESPONSES, MESSAGES, COUNT_TOKENS)
}
"""All of them by path."""
