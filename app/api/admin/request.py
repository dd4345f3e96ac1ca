"""How the admin API reads a request: strictly, bodies straight from the bytes into the handler's struct.

Litestar would decode first and convert leniently then: `"5"` would pass for a number, and `2026` for a time.
"""

import difflib
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.enums import ParamType
from litestar.handlers.base import BaseRouteHandler
from litestar.params import ParameterKwarg

from app.api.admin.auth import AnyConnection
from app.api.faults import escape, failed, from_msgspec
from app.common.errors import FieldError, InvalidJson, MethodNotAllowed, UnsupportedMediaType
from app.domain.admin import Actor
from app.services.admin_auth import Identity

_PARAMETERS = "gateway_parameters"
"""Where a handler's own are kept, in its `opt`."""
_MEDIA_TYPES = ("application/json", "application/merge-patch+json")


class AdminRequest(Request[Actor, Identity, State]):
    """The request class of all admin routes."""

    async def json(self) -> Any:
        """The body as the type of the handler's argument `data`.

        :raises InvalidJson: no JSON, or nested too deep.
        :raises ValidationFailed: JSON of another shape.
        """
        field = self.route_handler.parsed_data_field
        kind = Any if field is None else field.annotation
        try:
            return msgspec.json.decode(await self.body(), type=kind)
        except msgspec.ValidationError as error:
            raise from_msgspec(error, kind) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InvalidJson("The body is no JSON.") from None
        except RecursionError:
            raise InvalidJson("The body nests too deep.") from None


async def require_json(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Guard: a body is JSON and says so, which keeps plain HTML forms out.

    :raises UnsupportedMediaType:
    """
    headers = connection.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    if headers.get("content-type", "").partition(";")[0].strip().lower() not in _MEDIA_TYPES:
        raise UnsupportedMediaType("Send the body as application/json.")


async def require_known_parameters(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard: the query names parameters of the handler only, and a time in it has a date. A mistyped filter must not
    select everything; and msgspec takes a bare number for seconds since 1970.

    :raises ValidationFailed:
    """
    faults = []
    known = _parameters(handler)
    for name, value in connection.query_params.multi_items():
        if name not in known:
            near = next(iter(difflib.get_close_matches(name, known, n=1)), None)
            pointer = f"/{escape(name[:64])}"
            faults.append(
                FieldError(pointer, "unknown_parameter", "There is no such parameter.", suggestion=near)
            )
        elif known[name] and value != "null" and "-" not in value[1:]:
            faults.append(
                FieldError(f"/{name}", "wrong_type", "Expected a time such as 2026-11-24T08:00:00Z.")
            )
    if faults:
        raise failed(faults)


async def refuse_options(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Guard: nobody asks which methods there are but browsers about to call from other sites.

    :raises MethodNotAllowed: with the methods of the path. Litestar's own answer leaves some of them out.
    """
    if connection.scope.get("method") == "OPTIONS":
        path = connection.scope["path_template"]
        methods = {
            str(method) for route in connection.app.routes if route.path == path for method in route.methods
        }
        methods.discard("OPTIONS")
        raise MethodNotAllowed(", ".join(sorted(methods)))


def _parameters(handler: BaseRouteHandler) -> dict[str, bool]:
    """Query parameters of a handler and of what it depends on, and which of them are times."""
    found: dict[str, bool] | None = handler.opt.get(_PARAMETERS)
    if found is None:
        signatures = [handler.parsed_fn_signature]
        signatures += [provide.parsed_fn_signature for provide in handler.resolve_dependencies().values()]
        fields = {name: field for signature in signatures for name, field in signature.parameters.items()}
        found = handler.opt[_PARAMETERS] = {
            field.kwarg_definition.name or name: datetime
            in (field.annotation, *(t.annotation for t in field.inner_types))
            for name, field in fields.items()
            if isinstance(field.kwarg_definition, ParameterKwarg)
            and field.kwarg_definition.param_type is ParamType.QUERY
        }
    return found
