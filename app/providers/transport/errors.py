"""What can go wrong between us and an upstream: httpx's own errors, narrowed where the cause matters to the caller.

    httpx.TransportError              failure            when
    ├── TimeoutException
    │   ├── PoolTimeout                                  no connection became free
    │   ├── ConnectTimeout                               DNS, TCP and TLS together took too long
    │   ├── WriteTimeout                                 the upstream stopped taking our request
    │   └── ReadTimeout                                  the upstream fell silent, before or in its answer
    ├── ConnectError
    │   ├── DnsError                  dns                the name has no address, and none is remembered
    │   ├── BlockedAddress            blocked_address    every address is one we refuse to dial
    │   ├── ConnectFailed             connect            refused, or no route
    │   └── TlsError                  tls                handshake or certificate
    ├── ReadError
    │   └── ConnectionReset           reset              closed or reset before the answer was whole
    ├── WriteError
    │   └── SendFailed                reset              closed or reset while the request was being sent
    └── RemoteProtocolError
        └── ProtocolError             protocol           not HTTP/1.1, ambiguous framing, an upgrade
            └── TooLarge              too_large          a head, or framing without a body, over the limit

Nothing was sent to the upstream when a PoolTimeout, ConnectTimeout or ConnectError is raised. `failure` is the error
class of `domain.attempt.Attempt`; `providers.failures` has the classes of other errors.
"""

from typing import ClassVar

import httpx


class DnsError(httpx.ConnectError):
    failure: ClassVar[str] = "dns"


class BlockedAddress(httpx.ConnectError):
    failure: ClassVar[str] = "blocked_address"


class ConnectFailed(httpx.ConnectError):
    failure: ClassVar[str] = "connect"


class TlsError(httpx.ConnectError):
    failure: ClassVar[str] = "tls"


class ConnectionReset(httpx.ReadError):
    """`in_body`: the head had come, so the answer was cut short; else there was no answer at all."""

    failure: ClassVar[str] = "reset"

    def __init__(self, message: str, *, in_body: bool) -> None:
        super().__init__(message)
        self.in_body = in_body


class SendFailed(httpx.WriteError):
    failure: ClassVar[str] = "reset"


class ProtocolError(httpx.RemoteProtocolError):
    failure: ClassVar[str] = "protocol"


class TooLarge(ProtocolError):
    failure: ClassVar[str] = "too_large"
