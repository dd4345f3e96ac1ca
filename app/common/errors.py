"""Every error that reaches a caller, as one tree. `api/errors.py` next door turns them into the caller's dialect.

    GatewayError                    status  code                    when
    ├── InvalidJson                 400     invalid_json            no JSON object, or nested too deep
    ├── InvalidRequest              400     invalid_request         no usable `model`, or two; two API keys
    ├── InvalidApiKey               401     invalid_api_key         unknown, disabled, expired, malformed: one text
    ├── ModelNotAllowed             403     model_not_allowed       the key may not use the model
    ├── NotFound                    404     not_found               unknown path
    │   └── ModelNotFound           404     model_not_found         the model is not configured, or inactive
    ├── MethodNotAllowed            405     method_not_allowed      known path, wrong method
    ├── RequestTooLarge             413     request_too_large       over MAX_BODY_BYTES, counted while reading
    ├── UnsupportedEncoding         415     unsupported_encoding    the request body is compressed
    ├── NoMatchingProvider          422     no_matching_provider    the rules let no target through
    ├── RateLimitExceeded           429     rate_limit_exceeded     the key's own limit; carries `retry_after`
    ├── HeadersTooLarge             431     headers_too_large       the header fields are over 64 KiB together
    ├── UpstreamError               502                             no upstream answered; the last attempt's failure:
    │   ├── UpstreamUnreachable     502     upstream_unreachable    refused, DNS, TLS, blocked address
    │   ├── UpstreamProtocol        502     upstream_protocol       reset, broken framing, redirect, answer too large
    │   └── UpstreamTimeout         504     upstream_timeout        connect, first byte, idle or total time is up
    ├── Unavailable                 503
    │   ├── AuthUnavailable         503     auth_unavailable        an unknown key while our own database is down
    │   ├── Overloaded              503     overloaded              more requests in flight than allowed
    │   └── Draining                503     draining                the process is shutting down
    ├── InternalError               500     internal_error          a bug of ours; our log has its trace
    └── Problem                                                     the admin API only:
        ├── Unauthenticated         401     unauthenticated         no session and no token, or a wrong one
        ├── Forbidden               403     forbidden               a browser request from another site
        ├── ResourceNotFound        404     not_found               no such resource
        ├── Conflict                409     (says which)            e.g. `provider_in_use`, `name_taken`
        ├── PreconditionFailed      412     precondition_failed     `If-Match` names another version
        ├── UnsupportedMediaType    415     unsupported_media_type  the body is not declared as JSON
        ├── ValidationFailed        422     validation_failed       `errors` lists each fault with its pointer
        │   └── RuleTestFailed      422     test_failed             a change that a test kept with a rule refuses
        └── TooManyAttempts         429     too_many_attempts       failed logins

Messages never hold request values, credentials or addresses of upstreams.
"""

from typing import ClassVar

import msgspec


class GatewayError(Exception):
    """Base of all errors with a status and a stable code. `param` names the request field at fault, if one is."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, param: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after
        """Seconds after which a new try makes sense; None where that is unknown."""


class InvalidJson(GatewayError):
    status, code = 400, "invalid_json"


class InvalidRequest(GatewayError):
    status, code = 400, "invalid_request"


class InvalidApiKey(GatewayError):
    status, code = 401, "invalid_api_key"

    def __init__(self) -> None:
        super().__init__(
            "Invalid API key. Send a key of this gateway as 'Authorization: Bearer' or 'x-api-key'."
        )


class ModelNotAllowed(GatewayError):
    status, code = 403, "model_not_allowed"


class NotFound(GatewayError):
    status, code = 404, "not_found"


class ModelNotFound(NotFound):
    code = "model_not_found"


class MethodNotAllowed(GatewayError):
    status, code = 405, "method_not_allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"This path answers to {allowed} only.")
        self.allowed = allowed


class RequestTooLarge(GatewayError):
    status, code = 413, "request_too_large"


class UnsupportedEncoding(GatewayError):
    status, code = 415, "unsupported_encoding"


class NoMatchingProvider(GatewayError):
    status, code = 422, "no_matching_provider"


class RateLimitExceeded(GatewayError):
    status, code = 429, "rate_limit_exceeded"


class HeadersTooLarge(GatewayError):
    status, code = 431, "headers_too_large"


class UpstreamError(GatewayError):
    status, code = 502, "upstream_error"


class UpstreamUnreachable(UpstreamError):
    code = "upstream_unreachable"


class UpstreamProtocol(UpstreamError):
    code = "upstream_protocol"


class UpstreamTimeout(UpstreamError):
    status, code = 504, "upstream_timeout"


class Unavailable(GatewayError):
    status, code = 503, "unavailable"


class AuthUnavailable(Unavailable):
    code = "auth_unavailable"


class Overloaded(Unavailable):
    code = "overloaded"


class Draining(Unavailable):
    code = "draining"


class InternalError(GatewayError):
    status, code = 500, "internal_error"


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fault of an admin request: where (JSON pointer, RFC 6901), a stable code, and a sentence."""

    pointer: str
    code: str
    message: str
    span: tuple[int, int] | None = None
    """Start and end offset inside the text at `pointer`, for rules."""
    suggestion: str | None = None


class Problem(GatewayError):
    """Base of what only the admin API answers, as `application/problem+json` (RFC 9457)."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        errors: tuple[FieldError, ...] = (),
        etag: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        if code is not None:
            self.code = code  # type: ignore[misc]  # a conflict's code says which one, e.g. `provider_in_use`
        self.errors = errors
        self.etag = etag


class Unauthenticated(Problem):
    status, code = 401, "unauthenticated"


class Forbidden(Problem):
    status, code = 403, "forbidden"


class ResourceNotFound(Problem):
    status, code = 404, "not_found"


class Conflict(Problem):
    status, code = 409, "conflict"


class PreconditionFailed(Problem):
    """`If-Match` names another version; `etag` is the current one."""

    status, code = 412, "precondition_failed"


class UnsupportedMediaType(Problem):
    status, code = 415, "unsupported_media_type"


class ValidationFailed(Problem):
    status, code = 422, "validation_failed"


class RuleTestFailed(ValidationFailed):
    code = "test_failed"


class TooManyAttempts(Problem):
    status, code = 429, "too_many_attempts"
