"""Which addresses an upstream may have: checked when a provider is saved (`check_url`) and again when one is dialled.

Loopback and private networks are allowed, for local models are legitimate. Cloud metadata, link-local, multicast,
unspecified and broadcast addresses never are, whatever their spelling. `transport` next door dials.
"""

import ipaddress
import re
import socket

import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # "this network"; 0.0.0.0 reaches the host itself (RFC 1122 part 3.2.1.3)
        "169.254.0.0/16",  # link-local (RFC 3927), home of most metadata services
        "224.0.0.0/4",  # multicast (RFC 5771)
        "255.255.255.255/32",  # broadcast (RFC 919)
        "100.100.100.200/32",  # metadata: Alibaba Cloud
        "168.63.129.16/32",  # metadata: Azure
        "192.0.0.192/32",  # metadata: Oracle Cloud
    )
)
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "::/128",  # unspecified
        "fe80::/10",  # link-local (RFC 4291)
        "ff00::/8",  # multicast
        "fd00:ec2::254/128",  # metadata: AWS
        "fd20:ce::254/128",  # metadata: Google Cloud
        "64:ff9b:1::/48",  # local-use NAT64 (RFC 8215): hides an IPv4 address at a place only its operator knows
    )
)
_LOOPBACK_V6 = ipaddress.IPv6Address("::1")
# IPv6 networks whose addresses hold an IPv4 address, and by how many bits to shift right to find it.
_CARRIERS = tuple(
    (ipaddress.IPv6Network(text), shift)
    for text, shift in (
        ("::ffff:0:0/96", 0),  # IPv4-mapped (RFC 4291)
        ("::/96", 0),  # IPv4-compatible (RFC 4291)
        ("::ffff:0:0:0/96", 0),  # IPv4-translated (RFC 2765)
        ("64:ff9b::/96", 0),  # NAT64 (RFC 6052)
        ("2002::/16", 80),  # 6to4 (RFC 3056)
        ("2001::/32", 64),  # Teredo, the server's address (RFC 4380)
    )
)
_TEREDO = ipaddress.IPv6Network("2001::/32")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # upper half of the interface identifier (RFC 5214)
_LOW_32 = 0xFFFF_FFFF

_NUMERIC_V4 = re.compile(r"[0-9a-fx.]+", re.IGNORECASE)
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(
    rf"({_LABEL}\.)*(?![0-9]+$){_LABEL}", re.IGNORECASE
)  # an all-digit end belongs to an address
_LONGEST_NAME = 253


class BlockedUrl(ValueError):
    """The URL can't be a provider's base URL. The message says why and never repeats the URL."""


def is_blocked(address: str | Address) -> bool:
    """Whether an address must not be dialled. IPv4 addresses inside IPv6 ones are judged as what they are.

    :raises ValueError: `address` is a text that is no IP address.
    """
    ip = ipaddress.ip_address(address) if isinstance(address, str) else address
    if isinstance(ip, ipaddress.IPv4Address):
        return any(ip in network for network in _REFUSED_V4)
    if any(ip in network for network in _REFUSED_V6):
        return True
    return ip != _LOOPBACK_V6 and any(is_blocked(inner) for inner in _carried(ip))


def _carried(ip: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    value = int(ip)
    inner = [value >> shift for network, shift in _CARRIERS if ip in network]
    if ip in _TEREDO:
        inner.append(~value)  # the client's address, stored inverted
    if value >> 32 & _LOW_32 in _ISATAP:
        inner.append(value)
    return [ipaddress.IPv4Address(number & _LOW_32) for number in inner]


def literal(host: str) -> Address | None:
    """The address a host text spells, as the system's resolver would read it; None for a name.

    Understands what `inet_aton` does: one to four parts, each decimal, octal or hexadecimal.
    """
    host = host.removesuffix(".")
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        pass
    if _NUMERIC_V4.fullmatch(host):
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            pass
    return None


def check_url(url: str) -> None:
    """Check a base URL before it is stored. Names are not resolved here: the transport checks what they resolve to.

    :raises BlockedUrl: with a sentence for the administrator.
    """
    if any(character <= " " or character >= "\x7f" for character in url):
        raise BlockedUrl(
            "The URL may hold printable ASCII characters only; write an international name as xn--…"
        )
    for character, name in (("\\", "backslash"), ("?", "query string"), ("#", "fragment")):
        if character in url:
            raise BlockedUrl(f"The URL must not hold a {name}.")
    if not url.lower().startswith(("http://", "https://")):
        raise BlockedUrl("The URL must begin with http:// or https://.")
    if "@" in url.split("/", 3)[2]:
        raise BlockedUrl("The URL must not hold a user name or password.")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise BlockedUrl("This is not a valid URL.") from None
    if parsed.port is not None and not 0 < parsed.port < 1 << 16:
        raise BlockedUrl("The URL's port must be from 1 to 65535.")
    _check_host(parsed.raw_host.decode("ascii"))


def _check_host(host: str) -> None:
    if not host:
        raise BlockedUrl("The URL has no host.")
    address = literal(host)
    if address is not None:
        if is_blocked(address):
            raise BlockedUrl(
                "The URL points to a metadata, link-local, multicast, unspecified or broadcast address."
            )
    elif len(host) > _LONGEST_NAME or not _NAME.fullmatch(host.removesuffix(".")):
        raise BlockedUrl("The URL's host is not a valid name.")
