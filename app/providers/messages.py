"""httpx's request and response over raw header pairs.

httpx's own constructors parse, copy and re-encode headers and URL: 20 us of a request that takes 100. These two carry
raw pairs from the gateway to the transport and back; any other transport reads the usual attributes, made on demand.
"""

from typing import Any

import httpx

RawHeaders = list[tuple[bytes, bytes]]


class RawRequest(httpx.Request):
    """A request whose body is whole and whose framing headers are left to the transport or in `raw_headers`."""

    def __init__(
        self, method: str, url: httpx.URL, raw_headers: RawHeaders, content: bytes, extensions: dict[str, Any]
    ) -> None:
        # httpx's constructor is not called: it would do what this class is there to leave out
        self.method = method
        self.url = url
        self.raw_headers = raw_headers
        self.extensions = extensions
        self.content_bytes = content
        self._content = content

    @property
    def headers(self) -> httpx.Headers:  # type: ignore[override]  # an attribute in httpx, which only reads it
        return httpx.Headers(self.raw_headers)

    @property
    def stream(self) -> httpx.ByteStream:  # type: ignore[override]  # the same
        return httpx.ByteStream(self.content_bytes)


class RawResponse(httpx.Response):
    """A response whose body is still to come from `stream`."""

    def __init__(self, status: int, raw_headers: RawHeaders, stream: httpx.AsyncByteStream) -> None:
        self.status_code = status
        self.raw_headers = raw_headers
        self.stream = stream
        self.extensions = {}
        self.history = []
        self.next_request = None
        self.is_closed = False
        self.is_stream_consumed = False
        self.default_encoding = "utf-8"
        self._request = None
        self._num_bytes_downloaded = 0

    @property
    def headers(self) -> httpx.Headers:  # type: ignore[override]  # an attribute in httpx, which only reads it
        return httpx.Headers(self.raw_headers)


def raw_headers(message: httpx.Request | httpx.Response) -> RawHeaders:
    """The header pairs of a message as they are on the wire."""
    if isinstance(message, RawRequest | RawResponse):
        return message.raw_headers
    return message.headers.raw
