"""OpenAI's dialect: raw ASGI handlers, since a parsed request would cost more than the proxying.

Each hands the connection to `gateway.pipeline`, which answers all methods and errors itself.
"""

from litestar import Controller, asgi
from litestar.types import Receive, Scope, Send

from app.api.proxy.pipeline import pipeline_of
from app.protocols import endpoints


class OpenAIController(Controller):
    """Chat completions, completions, embeddings and responses (platform.openai.com/docs/api-reference)."""

    path = "/v1"

    @asgi("/chat/completions", copy_scope=False)
    async def chat_completions(self, scope: Scope, receive: Receive, send: Send) -> None:
        await pipeline_of(scope).serve(endpoints.CHAT, scope, receive, send)

    @asgi("/completions", copy_scope=False)
    async def completions(self, scope: Scope, receive: Receive, send: Send) -> None:
        await pipeline_of(scope).serve(endpoints.COMPLETIONS, scope, receive, send)

    @asgi("/embeddings", copy_scope=False)
    async def embeddings(self, scope: Scope, receive: Receive, send: Send) -> None:
        await pipeline_of(scope).serve(endpoints.EMBEDDINGS, scope, receive, send)

    @asgi("/responses", copy_scope=False)
    async def responses(self, scope: Scope, receive: Receive, send: Send) -> None:
        await pipeline_of(scope).serve(endpoints.RESPONSES, scope, receive, send)
