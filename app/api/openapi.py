"""The OpenAPI 3.1 document of the admin API: Litestar describes the routes, msgspec the bodies, we the refusals.

Served at `/schema/openapi.json` to administrators; `document()` is for the command line.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.response import Stream
from litestar.routes import HTTPRoute

from app.api.admin.auth import COOKIE, require_admin
from app.api.admin.schemas.problem import MEDIA_TYPE, Problem, meaning

Json = dict[str, Any]

_DESCRIPTION: Final = """Providers, models with their targets and rules, API keys, logs.

Lists are paged. A `PATCH` merges: what is absent stays, null clears. Errors are `application/problem+json`."""

_REF: Final = "#/components/schemas/{name}"
_SHARED: Final = (400, 401, 403, 422, 500, 503)
_WITH_BODY: Final = (413, 415)


def openapi_config(title: str, version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title=title,
        version=version,
        description=_DESCRIPTION,
        operation_id_creator=_operation_id,
        components=Components(
            security_schemes={
                "token": SecurityScheme(
                    type="http", scheme="bearer", description="An admin token, or `ADMIN_TOKEN`."
                ),
                "session": SecurityScheme(
                    type="apiKey",
                    security_scheme_in="cookie",
                    name=COOKIE,
                    description="Set by login. Over HTTPS its name begins with `__Host-`.",
                ),
            }
        ),
        security=[{"token": []}, {"session": []}],
        render_plugins=[_Document()],
        openapi_router=Router("/schema", route_handlers=[], guards=[require_admin], include_in_schema=False),
    )


def document(app: Litestar) -> Json:
    """The whole document, as JSON values."""
    found: Json = app.openapi_schema.to_schema()
    for operation in _operations(found):
        _add_problems(operation)
        if operation.get("security") == [{}]:
            operation["security"] = []
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _parameter_schema(parameter["schema"])
    schemas = found["components"]["schemas"]
    schemas.update(msgspec.json.schema_components(_bodies(app), ref_template=_REF)[1])
    found["components"]["schemas"] = dict(sorted(schemas.items()))
    return found


class _Document(JsonRenderPlugin):
    """Serves the document; made at the first request."""

    def __init__(self) -> None:
        super().__init__()
        self._rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:  # noqa: ARG002  # not complete
        if self._rendered is None:
            self._rendered = msgspec.json.encode(document(request.app))
        return self._rendered


def _operation_id(handler: HTTPRouteHandler, _method: str, _path: list[Any]) -> str:
    """`list_providers` -> `listProviders`."""
    first, *rest = handler.handler_name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _bodies(app: Litestar) -> set[Any]:
    """The types of all request and answer bodies. msgspec describes its types in full; Litestar loses what stands
    inside lists, mappings and unions."""
    bodies: set[Any] = {Problem}
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            if not handler.resolve_include_in_schema():
                continue
            bodies.update(spec.data_container for spec in (handler.responses or {}).values())
            fields = [handler.parsed_data_field, handler.parsed_return_field]
            for field in filter(None, fields):
                inner = (
                    field.inner_types[0] if field.is_subclass_of(Response) and field.inner_types else field
                )
                if inner.annotation not in (None, type(None), Stream):
                    bodies.add(inner.annotation)
    return bodies


def _operations(document: Json) -> Iterator[Json]:
    for path in document["paths"].values():
        for value in path.values():
            if isinstance(value, dict) and "operationId" in value:
                yield value


def _add_problems(operation: Json) -> None:
    """Every refusal is declared, with the one body they all have; the generic ones Litestar adds are replaced."""
    responses: Json = operation["responses"]
    statuses = {*_SHARED, *(int(status) for status in responses if int(status) >= 400)}
    if "requestBody" in operation:
        statuses.update(_WITH_BODY)
    for refusal in sorted(statuses):
        responses[str(refusal)] = {
            "description": meaning(refusal),
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
        }
    for status, response in responses.items():
        if status == "204":
            response.pop("content", None)
        headers = response.setdefault("headers", {})
        headers["x-request-id"] = {
            "description": "Names this request in our log.",
            "schema": {"type": "string"},
        }


def _parameter_schema(schema: Json) -> Json:
    """One level instead of `oneOf` with null, which counts as absent; and bounds of integers as integers."""
    branches = [branch for branch in schema.get("oneOf", ()) if branch != {"type": "null"}]
    if len(branches) == 1 and "type" in branches[0]:
        schema = {**branches[0], **{key: value for key, value in schema.items() if key != "oneOf"}}
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return {
        key: int(value) if isinstance(value, float) and value.is_integer() else value
        for key, value in schema.items()
    }
