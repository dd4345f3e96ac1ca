"""The top level of a request body whose members are decoded when a rule first reads them."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from app.rules.values import MISSING

_decode: Final = msgspec.json.Decoder().decode
_decode_any_float: Final = msgspec.json.Decoder(float_hook=float).decode
_split: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

_UNREADABLE: Final = (msgspec.DecodeError, ValueError, RecursionError)


class Members(dict[str, Any]):
    """Members by name, decoded and kept when first asked for; `[]` gives MISSING for what is not there.

    Rules use `[]` and `get` only: length and iteration show what was asked for so far. A member that can't be decoded,
    such as an integer of thousands of digits, is not there.
    """

    __slots__ = ("_undecoded",)

    def __init__(self, undecoded: Mapping[str, Any]) -> None:
        """:param undecoded: the members as `msgspec.Raw`; values of other types are taken as they are."""
        self._undecoded = undecoded

    def __missing__(self, name: str) -> Any:
        value = self._undecoded.get(name, MISSING)
        if type(value) is msgspec.Raw:
            value = _value(value)
        self[name] = value
        return value

    def get(self, name: str, default: Any = None) -> Any:
        value = self[name]
        return default if value is MISSING else value


def split_members(body: bytes) -> dict[str, msgspec.Raw]:
    """The top level of a body; empty where it is no JSON object."""
    try:
        return _split(body)
    except _UNREADABLE:
        return {}


def members(body: bytes, split: dict[str, msgspec.Raw] | None = None) -> Members:
    """The members of a body, by decoding no more than its top level.

    :param split: that level, where somebody has it already.
    """
    return Members(split_members(body) if split is None else split)


def _value(raw: msgspec.Raw) -> Any:
    try:
        try:
            return _decode(raw)
        except msgspec.ValidationError:
            return _decode_any_float(raw)  # slower; 1e999 is JSON all the same
    except _UNREADABLE:
        return MISSING
