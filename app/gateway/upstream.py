"""Builds the upstream request of an attempt: URL, credential and headers of the target, the model replaced."""

import httpx

from app.domain.model import Target
from app.domain.provider import Provider
from app.protocols.endpoints import Endpoint
from app.protocols.envelope import Envelope, splice
from app.providers.dialect import DEFAULT_HEADERS, auth_headers, join
from app.providers.messages import RawRequest

RawHeaders = list[tuple[bytes, bytes]]

_MAX_URLS = 4096
"""Parsed URLs kept; parsing one costs more than all the rest of a request head."""


class UpstreamRequests:
    """Makes requests; keeps what can be prepared once per provider."""

    def __init__(self) -> None:
        self._urls: dict[tuple[str, str, bytes], httpx.URL] = {}
        self._heads: dict[int, tuple[Provider, frozenset[bytes], RawHeaders]] = {}

    def build(
        self,
        target: Target,
        endpoint: Endpoint,
        query: bytes,
        headers: RawHeaders,
        body: bytes,
        envelope: Envelope,
    ) -> httpx.Request:
        """One request.

        :param headers: the client's headers that may be passed on.
        :param body: the client's bytes; only the value of `model` is replaced.
        """
        provider = target.provider
        url = self._url(provider.base_url, endpoint.path, query)
        own_names, own = self._head(provider)
        content = splice(body, envelope, target.target_model)
        raw = [(b"host", url.netloc)]
        raw += own
        raw += [pair for pair in headers if pair[0] not in own_names]
        for default in DEFAULT_HEADERS[provider.protocol]:
            if default[0] not in own_names and all(name != default[0] for name, _ in headers):
                raw.append(default)
        raw.append((b"content-length", b"%d" % len(content)))
        return RawRequest(
            "POST",
            url,
            raw,
            content,
            {
                "timeout": {
                    "connect": provider.timeouts.connect,
                    "pool": provider.timeouts.connect,
                    "first_byte": provider.timeouts.first_byte,
                    "read": provider.timeouts.idle,
                    "write": provider.timeouts.idle,
                },
                "verify_tls": provider.verify_tls,
            },
        )

    def _url(self, base_url: str, path: str, query: bytes) -> httpx.URL:
        key = (base_url, path, query)
        url = self._urls.get(key)
        if url is None:
            if len(self._urls) >= _MAX_URLS:
                self._urls.clear()
            url = self._urls[key] = httpx.URL(join(base_url, path, query.decode("latin-1")))
        return url

    def _head(self, provider: Provider) -> tuple[frozenset[bytes], RawHeaders]:
        """The provider's own headers (credential, fixed ones) and their names, which win over the client's."""
        kept = self._heads.get(provider.id)
        if kept is None or kept[0] is not provider:
            # identity: usage is read from a copy of the bytes, and a compressed answer would have to be unpacked for it
            own = [(b"accept-encoding", b"identity"), *auth_headers(provider.protocol, provider.credential)]
            own += [
                (name.lower().encode("ascii"), value.encode("latin-1")) for name, value in provider.headers
            ]
            kept = self._heads[provider.id] = (provider, frozenset(name for name, _ in own), own)
        return kept[1], kept[2]
