"""Our own errors in the shape each protocol gives them: whole bodies, and events for streams under way."""

import msgspec

from app.domain.provider import Protocol
from app.protocols.endpoints import RESPONSES, Endpoint

_encode = msgspec.json.Encoder().encode

_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_ANTHROPIC_TYPES = {  # docs.anthropic.com/en/api/errors
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error_body(
    protocol: Protocol, status: int, code: str, message: str, param: str | None, request_id: str
) -> bytes:
    """The body of an error answer in a protocol's shape."""
    if protocol is Protocol.ANTHROPIC:
        return anthropic_error(status, code, message, request_id)
    return openai_error(status, code, message, param)


def openai_error(status: int, code: str, message: str, param: str | None) -> bytes:
    """`{"error": {message, type, param, code}}`; the SDKs build their exceptions from status and `error`."""
    kind = _OPENAI_TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
    return _encode({"error": {"message": message, "type": kind, "param": param, "code": code}})


def anthropic_error(status: int, code: str, message: str, request_id: str) -> bytes:
    """`{"type": "error", "error": {type, message, details}, "request_id"}`; our code is `error.details.error_code`."""
    kind = _ANTHROPIC_TYPES.get(status) or ("api_error" if status >= 500 else "invalid_request_error")
    error = {"type": kind, "message": message, "details": {"error_code": code}}
    return _encode({"type": "error", "error": error, "request_id": request_id})


def stream_error(endpoint: Endpoint, code: str, message: str, request_id: str) -> bytes:
    """The event that tells a client its stream has failed. Only to be sent between two events."""
    if endpoint.protocol is Protocol.ANTHROPIC:
        return b"event: error\ndata: %b\n\n" % anthropic_error(500, code, message, request_id)
    if endpoint == RESPONSES:
        event = {"type": "error", "code": code, "message": message, "param": None}
        return b"event: error\ndata: %b\n\n" % _encode(event)
    return b"data: %b\n\n" % openai_error(500, code, message, None)
