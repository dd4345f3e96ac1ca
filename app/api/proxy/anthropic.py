"""Anthropic's dialect: raw ASGI handlers like those of `openai.py` next door."""

from litestar import Controller, asgi
from litestar.types import Receive, Scope, Send

from app.api.proxy.pipeline import pipeline_of
from app.protocols import endpoints


class AnthropicController(Controller):
    """Messages and count_tokens (docs.anthropic.com/en/api/messages)."""

    path = "/v1/messages"

    @asgi("/", copy_scope=False)
    async def messages(self, scope: Scope, receive: Receive, send: Send) -> None:
        await pipeline_of(scope).serve(endpoints.MESSAGES, scope, receive, send)

    @asgi("/count_tokens", copy_scope=False)
    async def count_tokens(self, scope: Scope, receive: Receive, send: Send) -> None:
        await pipeline_of(scope).serve(endpoints.COUNT_TOKENS, scope, receive, send)
