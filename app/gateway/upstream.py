"""Builds the upstream call of an attempt: URL, credential and headers of the target, the model replaced."""

from typing import Final

import httpx
import msgspec

from app.common.headers import RawHeaders
from app.domain.model import Target
from app.domain.provider import Provider
from app.gateway.head import Head
from app.protocols.endpoints import Endpoint
from app.protocols.envelope import Envelope, splice
from app.providers.call import Call, Prepared, Waits, wire_of
from app.providers.dialect import DEFAULT_HEADERS, auth_headers, join
from app.providers.transport.request import head_of

_MAX_KEPT: Final = 4096
"""Prepared requests kept: one for each target and endpoint, and for each query string clients send."""


class _Kept(msgspec.Struct, frozen=True):
    target: Target
    """The one it was made for; a target that was changed is another object."""
    prepared: Prepared
    names: frozenset[bytes]
    """Of the headers that win over the client's."""
    defaults: RawHeaders
    """Sent where the client sends none of that name."""


class UpstreamRequests:
    """Makes calls; keeps what can be prepared."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str, bytes], _Kept] = {}

    def build(
        self,
        target: Target,
        endpoint: Endpoint,
        query: bytes,
        head: Head,
        body: bytes,
        envelope: Envelope,
    ) -> Call:
        """One call.

        :param head: of requests to this endpoint with this query only; its `passed` are the client's headers that
            may be passed on, names in lower case.
        :param body: the client's bytes; only the value of `model` is replaced.
        """
        prepared = head.prepared
        if prepared is None or head.wired_for is not target:
            prepared = self._wire(target, endpoint, query, head)
        pieces = splice(body, envelope, target.target_model)
        return Call(prepared, head.wired, head.wire, pieces, sum(map(len, pieces)))

    def _wire(self, target: Target, endpoint: Endpoint, query: bytes, head: Head) -> Prepared:
        """Fill in the head what requests with it are sent to this target."""
        kept = self._kept.get((target.id, endpoint.name, query))
        if kept is None or kept.target is not target:
            kept = self._keep(target, endpoint, query)
        names = kept.names
        passed = [pair for pair in head.passed if pair[0] not in names]
        if kept.defaults:
            given = {name for name, _ in passed}
            passed += [default for default in kept.defaults if default[0] not in given]
        head.wired_for, head.prepared, head.wired = target, kept.prepared, passed
        head.wire = wire_of(kept.prepared, passed)
        return kept.prepared

    def prepare(
        self, provider: Provider, endpoint: Endpoint, query: bytes = b"", *, method: str = "POST"
    ) -> Prepared:
        """What all calls to an endpoint of a provider have in common."""
        url = httpx.URL(join(provider.base_url, endpoint.path, query.decode("latin-1")))
        # identity: usage is read from a copy of the bytes, and a compressed answer would have to be unpacked for it
        own = [
            (b"host", url.netloc),
            (b"accept-encoding", b"identity"),
            *auth_headers(provider.protocol, provider.credential),
        ]
        own += [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in provider.headers]
        waits = provider.timeouts
        return Prepared(
            method,
            url,
            (url.raw_scheme, url.raw_host, url.port, provider.verify_tls),
            head_of(method.encode("ascii"), url.raw_path, own),
            own,
            Waits(
                connect=waits.connect,
                pool=waits.connect,
                first_byte=waits.first_byte,
                read=waits.idle,
                write=waits.idle,
            ),
        )

    def _keep(self, target: Target, endpoint: Endpoint, query: bytes) -> _Kept:
        if len(self._kept) >= _MAX_KEPT:
            self._kept.clear()
        prepared = self.prepare(target.provider, endpoint, query)
        names = frozenset(name for name, _ in prepared.headers)
        defaults = [pair for pair in DEFAULT_HEADERS[target.provider.protocol] if pair[0] not in names]
        kept = _Kept(target, prepared, names, defaults)
        self._kept[target.id, endpoint.name, query] = kept
        return kept
