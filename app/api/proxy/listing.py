"""What a key may use, from the snapshot: `/v1/models` in both dialects. Without Litestar: agents ask it first thing.

What is to be refused goes on to the same routes in `models.py` next door.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from app.api.proxy.pipeline import STATE_KEY
from app.common.errors import GatewayError, ModelNotFound
from app.common.ids import request_id
from app.domain.model import Model
from app.gateway.admission import authenticate, digest, read_headers
from app.gateway.ports import SnapshotSource

if TYPE_CHECKING:
    from litestar.types import ASGIApp

PATH: Final = "/v1/models"

RawHeaders = Iterable[tuple[bytes, bytes]]


class Listing:
    """ASGI middleware. Needs the pipeline in `owner.state`."""

    def __init__(self, app: "ASGIApp", owner: Any) -> None:
        self._app = app
        self._state = owner.state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        pipeline = self._state.get(STATE_KEY)
        path = scope["path"]
        asked = scope["type"] == "http" and scope["method"] == "GET" and path.startswith(PATH)
        if not asked or pipeline is None or path.endswith("/") or path[len(PATH) :][:1] not in ("", "/"):
            await self._app(scope, receive, send)
            return
        try:
            found = listing(pipeline.source, scope["headers"], path[len(PATH) + 1 :] or None)
        except GatewayError:
            await self._app(scope, receive, send)
            return
        body = msgspec.json.encode(found)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *((name.encode(), value.encode()) for name, value in answer_headers().items()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def answer_headers() -> dict[str, str]:
    return {"x-request-id": request_id(), "cache-control": "no-store"}


def listing(source: SnapshotSource, headers: RawHeaders, name: str | None) -> dict[str, Any]:
    """OpenAI's shape; Anthropic's when `anthropic-version` is sent.

    :param name: of one model; all without.
    :raises GatewayError: as admission does.
    :raises ModelNotFound: there is none of this name, or the key may not use it.
    """
    given = list(headers)
    shape = _anthropic if any(header == b"anthropic-version" for header, _ in given) else _openai
    models = _usable(source, given)
    if name is not None:
        for model in models:
            if model.name == name:
                return shape(model)
        raise ModelNotFound(
            "The requested model is not configured here. GET /v1/models lists what is.", param="model"
        )
    entries = [shape(model) for model in models]
    if shape is _openai:
        return {"object": "list", "data": entries}
    first, last = (entries[0]["id"], entries[-1]["id"]) if entries else (None, None)
    return {"data": entries, "has_more": False, "first_id": first, "last_id": last}


def _usable(source: SnapshotSource, headers: list[tuple[bytes, bytes]]) -> list[Model]:
    snapshot = source.current
    presented = read_headers(headers, 0)
    hashed = digest(source, presented.key)
    key = authenticate(source, snapshot, hashed, datetime.now(UTC).timestamp())
    allowed = key.allowed_models
    return [
        route.model for name, route in sorted(snapshot.routes.items()) if allowed is None or name in allowed
    ]


def _openai(model: Model) -> dict[str, Any]:
    return {"id": model.name, "object": "model", "created": int(model.created), "owned_by": "llm-gateway"}


def _anthropic(model: Model) -> dict[str, Any]:
    created = datetime.fromtimestamp(model.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"type": "model", "id": model.name, "display_name": model.name, "created_at": created}
