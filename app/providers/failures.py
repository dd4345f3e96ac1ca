"""Error classes of failed attempts, as log records have them, from the exceptions of any httpx transport."""

import httpx

_CLASSES: tuple[tuple[type[httpx.TransportError], str], ...] = (
    (httpx.ConnectTimeout, "timeout_connect"),
    (httpx.PoolTimeout, "timeout_connect"),
    (httpx.ConnectError, "connect"),
    (httpx.NetworkError, "reset"),
)


def failure_class(error: httpx.TransportError, *, begun: bool) -> str:
    """The class as in `domain.attempt.Attempt.error`. The errors of our own transport name it themselves.

    :param begun: the first byte of the answer's body had come.
    """
    named = getattr(error, "failure", None)
    if isinstance(named, str):
        return named
    if isinstance(error, httpx.TimeoutException) and not isinstance(
        error, httpx.ConnectTimeout | httpx.PoolTimeout
    ):
        return "timeout_idle" if begun else "timeout_first_byte"
    return next((name for kind, name in _CLASSES if isinstance(error, kind)), "protocol")
