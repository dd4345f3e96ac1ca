"""Addresses and blocks of addresses (CIDR, RFC 4632): read once, asked often."""

import functools
import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

Address: TypeAlias = tuple[int, int]
"""Version (4 or 6) and value."""


@functools.lru_cache(maxsize=4096)
def read_address(text: str) -> Address | None:
    """The address a text spells, a zone left out and IPv4 in IPv6 unpacked; None where it spells none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version, int(address)


def spell(address: Address) -> str:
    """The one usual spelling of an address (RFC 5952 for IPv6)."""
    version, value = address
    return str(ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value))


def read_block(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The block, or single address, a text spells; None where it spells none."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


class Blocks:
    """A set of blocks. One look-up for each different length of prefix, however many blocks there are."""

    __slots__ = ("_masks",)

    def __init__(self, texts: Iterable[str]) -> None:
        """Takes the texts that spell a block; `check` has pointed out the others."""
        found: dict[tuple[int, int], set[int]] = {}
        for text in texts:
            block = read_block(text)
            if block is not None:
                mask = int(block.netmask)
                found.setdefault((block.version, mask), set()).add(int(block.network_address))
        self._masks = tuple((version, mask, frozenset(values)) for (version, mask), values in found.items())

    def holds(self, address: Address | None) -> bool:
        if address is None:
            return False
        version, value = address
        for wanted, mask, values in self._masks:  # noqa: SIM110 # a generator would cost more than all the tests
            if version == wanted and value & mask in values:
                return True
        return False
