"""The upstream transport behind httpx's seam; `addresses` next door says which addresses it may dial."""

from app.providers.transport.dns import Resolver
from app.providers.transport.errors import (
    BlockedAddress,
    ConnectFailed,
    ConnectionReset,
    DnsError,
    ProtocolError,
    SendFailed,
    TlsError,
    TooLarge,
)
from app.providers.transport.pool import OriginStats
from app.providers.transport.transport import Transport

__all__ = [
    "BlockedAddress",
    "ConnectFailed",
    "ConnectionReset",
    "DnsError",
    "OriginStats",
    "ProtocolError",
    "Resolver",
    "SendFailed",
    "TlsError",
    "TooLarge",
    "Transport",
]
