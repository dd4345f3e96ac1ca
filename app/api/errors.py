"""Exceptions to answers, in the dialect of the route: OpenAI, Anthropic, or `application/problem+json` (RFC 9457).

`api/faults.py` next door reads msgspec's texts; `common/errors.py` has the tree of errors.
"""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ASGIApp, ExceptionHandlersMap, Message, Receive, Scope, Send
from sqlalchemy.exc import IntegrityError

from app.api import faults
from app.api.admin.schemas.problem import MEDIA_TYPE, FieldProblem, Problem, Span
from app.common import errors, ids
from app.domain.provider import Protocol
from app.protocols.errors import error_body

logger = logging.getLogger(__name__)

REQUEST_ID = "x-request-id"
_STATE_KEY = "gateway_request_id"

AnyRequest = Request[Any, Any, Any]


def request_id_of(scope: Scope) -> str:
    """The id of this request, made at the first call."""
    state = scope.setdefault("state", {})
    if _STATE_KEY not in state:
        state[_STATE_KEY] = ids.request_id()
    found: str = state[_STATE_KEY]
    return found


def stamp_answers(app: ASGIApp) -> ASGIApp:
    """Middleware: each answer says the request's id, and is kept by no cache: some hold a secret, once."""

    async def stamped(scope: Scope, receive: Receive, send: Send) -> None:
        request_id = request_id_of(scope).encode()

        async def send_stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0] != REQUEST_ID.encode()]
                message["headers"] = [
                    *kept,
                    (REQUEST_ID.encode(), request_id),
                    (b"cache-control", b"no-store"),
                ]
            await send(message)

        await app(scope, receive, send_stamped)

    return stamped


def answer_error(request: AnyRequest, error: Exception) -> Response[bytes]:
    """The answer to any exception; what we did not expect is logged with its trace and told to nobody."""
    request_id = request_id_of(request.scope)
    known = to_gateway_error(error)
    if known.status == 500:
        logger.error("unexpected error in request %s", request_id, exc_info=error)
    path = request.scope.get("raw_path", b"").decode("latin-1") or request.scope["path"]
    headers = {REQUEST_ID: request_id, **_headers(known)}
    if path == "/v1" or path.startswith("/v1/"):
        anthropic = path.startswith("/v1/messages") or "anthropic-version" in request.headers
        protocol = Protocol.ANTHROPIC if anthropic else Protocol.OPENAI
        content = error_body(protocol, known.status, known.code, known.message, known.param, request_id)
        return Response(content, status_code=known.status, headers=headers, media_type="application/json")
    body = msgspec.json.encode(as_problem(known, request_id))
    return Response(body, status_code=known.status, headers=headers, media_type=MEDIA_TYPE)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {Exception: answer_error}


def to_gateway_error(error: BaseException) -> errors.GatewayError:
    """What an exception means to a caller."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, errors.GatewayError):
        return error
    if isinstance(error, HTTPException):
        return _from_litestar(error)
    if isinstance(error, IntegrityError):
        return errors.Conflict("Another change got in between. Read the resource again.")
    return errors.InternalError(_BUG)


def as_problem(error: errors.GatewayError, request_id: str) -> Problem:
    found = error.errors if isinstance(error, errors.Problem) else ()
    return Problem(
        type=f"urn:llm-gateway:problem:{error.code}",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.message,
        code=error.code,
        request_id=request_id,
        errors=[_as_field_problem(fault) for fault in found],
    )


_BUG = "The gateway failed to answer. Its log has the details under the request id."


def _as_field_problem(fault: errors.FieldError) -> FieldProblem:
    return FieldProblem(
        pointer=fault.pointer,
        code=fault.code,
        message=fault.message,
        span=Span(*fault.span) if fault.span else msgspec.UNSET,
        suggestion=fault.suggestion or msgspec.UNSET,
    )


def _headers(error: errors.GatewayError) -> Mapping[str, str]:
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, errors.MethodNotAllowed):
        headers["allow"] = error.allowed
    if isinstance(error, errors.Problem) and error.etag is not None:
        headers["etag"] = error.etag
    if isinstance(error, errors.Unauthenticated):
        headers["www-authenticate"] = 'Bearer realm="llm-gateway"'
    return headers


def _from_litestar(error: HTTPException) -> errors.GatewayError:
    if isinstance(error, ValidationException):
        return faults.from_arguments(error.extra if isinstance(error.extra, list) else [])
    match error.status_code:
        case 404:
            return errors.NotFound("There is nothing at this path.")
        case 405:
            allowed = {*(error.headers or {}).get("allow", "").split(", ")} - {"OPTIONS"}
            return errors.MethodNotAllowed(", ".join(sorted(allowed)))
        case 413:
            return errors.RequestTooLarge("The request body is too large.")
        case status if 400 <= status < 500:
            return errors.InvalidRequest("The request can't be read.")
    return errors.InternalError(_BUG)
