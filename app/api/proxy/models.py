"""What a key may use, from the snapshot: `/v1/models` in both dialects; and the quick answer agents ask of `/`."""

from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Request, Response, asgi, get
from litestar.params import FromPath
from litestar.types import Receive, Scope, Send

from app.api.proxy.pipeline import pipeline_of
from app.common.errors import ModelNotFound
from app.common.ids import request_id
from app.domain.model import Model
from app.gateway.admission import authenticate, read_headers


class ModelsController(Controller):
    """OpenAI's shape; Anthropic's when `anthropic-version` is sent."""

    path = "/v1/models"

    @get("/", include_in_schema=False)
    async def list_models(self, request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        models = _usable(request)
        if not _wants_anthropic(request):
            return _answer({"object": "list", "data": [_openai(model) for model in models]})
        entries = [_anthropic(model) for model in models]
        first, last = (entries[0]["id"], entries[-1]["id"]) if entries else (None, None)
        return _answer({"data": entries, "has_more": False, "first_id": first, "last_id": last})

    @get("/{model:path}", include_in_schema=False)
    async def get_model(
        self, request: Request[Any, Any, Any], model: FromPath[str]
    ) -> Response[dict[str, Any]]:
        name = model.removeprefix("/")
        for usable in _usable(request):
            if usable.name == name:
                return _answer(_anthropic(usable) if _wants_anthropic(request) else _openai(usable))
        raise ModelNotFound(
            "The requested model is not configured here. GET /v1/models lists what is.", param="model"
        )


@asgi("/", copy_scope=False)
async def root(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  # an ASGI signature
    """Agents probe `HEAD /` without a key before their first call: answer at once."""
    body = (
        b"" if scope.get("method") == "HEAD" else b"LLM Gateway. Clients: /v1. Administration: /api/admin.\n"
    )
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _usable(request: Request[Any, Any, Any]) -> list[Model]:
    source = pipeline_of(request.scope).source
    snapshot = source.current
    presented = read_headers(list(request.scope["headers"]), 0)
    key = authenticate(source, snapshot, presented.key, datetime.now(UTC).timestamp())
    allowed = key.allowed_models
    return [
        route.model for name, route in sorted(snapshot.routes.items()) if allowed is None or name in allowed
    ]


def _wants_anthropic(request: Request[Any, Any, Any]) -> bool:
    return "anthropic-version" in request.headers


def _openai(model: Model) -> dict[str, Any]:
    return {"id": model.name, "object": "model", "created": int(model.created), "owned_by": "llm-gateway"}


def _anthropic(model: Model) -> dict[str, Any]:
    created = datetime.fromtimestamp(model.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"type": "model", "id": model.name, "display_name": model.name, "created_at": created}


def _answer(content: dict[str, Any]) -> Response[dict[str, Any]]:
    return Response(content, headers={"x-request-id": request_id(), "cache-control": "no-store"})
