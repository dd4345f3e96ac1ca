"""The head of a connection's last request: the next one has the same bytes, as a rule, but for its content-length.

Bytes that were parsed once mean the same again, so what was found out about them is used again: the parser's work, and
what the pipeline has left in `Head`.
"""

from typing import TYPE_CHECKING, Final

from app.api.proxy.turn import Turn
from app.common.headers import RawHeaders
from app.gateway.head import Head
from app.gateway.pipeline import Pipeline
from app.protocols.endpoints import Endpoint

if TYPE_CHECKING:
    from app.api.proxy.http import HttpProtocol

_LENGTH: Final = b"content-length"
_OTHER_WAYS: Final = frozenset((b"transfer-encoding", b"expect", b"upgrade"))
"""Headers of a request whose body does not just follow, as long as content-length says."""
_MOST_DIGITS: Final = 15
_MOST_BYTES: Final = 8192
"""Longer heads are parsed each time: a connection keeps a copy, and one may have many connections."""


class KnownHead:
    """A head in two parts, with the digits of its content-length between them, and what the parser made of it."""

    __slots__ = (
        "_after",
        "_before",
        "_endpoint",
        "_head",
        "_headers",
        "_keep_alive",
        "_pipeline",
        "_place",
        "_query",
    )

    def __init__(
        self,
        pipeline: Pipeline,
        endpoint: Endpoint,
        query: bytes,
        headers: RawHeaders,
        head: Head,
        *,
        keep_alive: bool,
    ) -> None:
        """Of the first request; `learn` has to be asked before others are compared with it."""
        self._pipeline = pipeline
        self._endpoint = endpoint
        self._query = query
        self._headers = headers
        self._head = head
        self._keep_alive = keep_alive
        self._before = self._after = b""
        self._place = 0
        """Of content-length among the headers."""

    def learn(self, data: bytes) -> bool:
        """Take the head's bytes.

        :param data: begins with it.
        :returns: whether others can be compared with it: not where it frames its body in another way.
        """
        end = data.find(b"\r\n\r\n", 0, _MOST_BYTES) + 4
        names = [name for name, _ in self._headers]
        if end < 4 or names.count(_LENGTH) != 1 or not _OTHER_WAYS.isdisjoint(names):
            return False
        start = data[:end].lower().find(b"\r\n" + _LENGTH + b":")
        if start < 0:  # empty lines before the head
            return False
        start += 3 + len(_LENGTH)
        while data[start] in b" \t":
            start += 1
        self._place = names.index(_LENGTH)
        digits = self._headers[self._place][1]
        if not digits.isdigit() or not data.startswith(digits + b"\r\n", start):
            return False
        self._before, self._after = data[:start], data[start + len(digits) : end]
        return True

    def turn(self, protocol: "HttpProtocol", data: bytes) -> Turn | None:
        """The request in `data`; None where it has another head, or is not just one whole request."""
        before, after = self._before, self._after
        if not data.startswith(before):
            return None
        start = len(before)
        end = data.find(b"\r", start, start + _MOST_DIGITS + 1)
        digits = data[start:end]
        if end < 0 or not digits.isdigit() or not data.startswith(after, end):
            return None
        body = end + len(after)
        if len(data) - body != int(digits):
            return None
        headers = self._headers
        if headers[self._place][1] != digits:
            headers = headers.copy()
            headers[self._place] = (_LENGTH, digits)
        return Turn(
            protocol,
            self._pipeline,
            self._endpoint,
            self._query,
            headers,
            self._head,
            data[body:],
            keep_alive=self._keep_alive,
        )
