"""One value of each region into which the values of a rule set cut numbers and addresses. `witnesses` asks."""

import math
from collections.abc import Iterable

from app.rules.networks import read_address, read_block, spell

Number = int | float

_MAPPED = (0xFFFF << 32, (0x10000 << 32) - 1)
"""IPv4 in IPv6 (::ffff:0:0/96), which is read as IPv4."""
_USUAL = {4: ("203.0.113.9", "192.0.2.1", "198.51.100.1"), 6: ("2001:db8::1",)}
"""Addresses for examples (RFC 5737, RFC 3849)."""


def numbers(bounds: Iterable[Number], *, whole: bool = False, least: int | None = None) -> list[Number]:
    """Each bound, one number between each two neighbours that have one between them, one below all and one above.

    Every comparison with a bound, and so every membership in a list of bounds or in a range between two, is the
    same for all numbers of one region: what is true of some number is true of one of these.

    :param whole: whole numbers only.
    :param least: no number is smaller.
    """
    cuts = sorted(dict.fromkeys(bounds))
    if not cuts:
        return [1 if least is None else max(least, 1)]
    found: list[Number] = [math.ceil(cuts[0]) - 1]
    for place, cut in enumerate(cuts):
        found.append(cut)
        if place + 1 < len(cuts):
            found += _between(cut, cuts[place + 1], whole)
    found.append(math.floor(cuts[-1]) + 1)
    if least is not None:
        found.append(least)
    return list(
        dict.fromkeys(n for n in found if (not whole or n == int(n)) and (least is None or n >= least))
    )


def _between(low: Number, high: Number, whole: bool) -> list[Number]:
    middle = math.floor(low) + 1
    if middle < high:
        return [middle]
    if whole:
        return []
    try:
        tries = [(low + high) / 2, math.nextafter(low, math.inf)]
    except OverflowError:
        return []
    return [number for number in tries if low < number < high][:1]


def addresses(blocks: Iterable[str]) -> list[str]:
    """An address of each region into which blocks and single addresses (texts) cut both versions.

    Membership in a block changes at its first address and after its last one only, so one address from each stretch
    between two such places stands for all of the stretch.
    """
    cuts: dict[int, set[int]] = {4: {0}, 6: {0, _MAPPED[0], _MAPPED[1] + 1}}
    for text in blocks:
        address, block = read_address(text), read_block(text)
        if address is not None:
            cuts[address[0]] |= {address[1], address[1] + 1}
        if block is not None:
            cuts[block.version] |= {int(block.network_address), int(block.broadcast_address) + 1}
    found = []
    for version, bits in ((4, 32), (6, 128)):
        starts = sorted(cut for cut in cuts[version] if cut < 1 << bits)
        for start, end in zip(starts, [*starts[1:], 1 << bits], strict=True):
            if version == 4 or not _MAPPED[0] <= start <= _MAPPED[1]:
                found.append(_usual(version, start, end))
    return found


def _usual(version: int, start: int, end: int) -> str:
    """The address of a stretch that reads best."""
    for text in _USUAL[version]:
        address = read_address(text)
        if address is not None and start <= address[1] < end:
            return text
    return spell((version, start + (end - start > 1)))
