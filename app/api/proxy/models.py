"""What a key may use: `/v1/models`, where `listing.py` has not answered yet; and the quick answer agents ask of `/`."""

from typing import Any

from litestar import Controller, Request, Response, asgi, get
from litestar.params import FromPath
from litestar.types import Receive, Scope, Send

from app.api.proxy.listing import answer_headers, listing
from app.api.proxy.pipeline import pipeline_of


class ModelsController(Controller):
    """OpenAI's shape; Anthropic's when `anthropic-version` is sent."""

    path = "/v1/models"

    @get("/", include_in_schema=False)
    async def list_models(self, request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        return _answer(request, None)

    @get("/{model:path}", include_in_schema=False)
    async def get_model(
        self, request: Request[Any, Any, Any], model: FromPath[str]
    ) -> Response[dict[str, Any]]:
        return _answer(request, model.removeprefix("/"))


@asgi("/", copy_scope=False)
async def root(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  # an ASGI signature
    """Agents probe `HEAD /` without a key before their first call: answer at once."""
    body = (
        b"" if scope.get("method") == "HEAD" else b"LLM Gateway. Clients: /v1. Administration: /api/admin.\n"
    )
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _answer(request: Request[Any, Any, Any], name: str | None) -> Response[dict[str, Any]]:
    found = listing(pipeline_of(request.scope).source, request.scope["headers"], name)
    return Response(found, headers=answer_headers())
