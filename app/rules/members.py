"""The top level of a request body whose members are decoded when a rule first reads them."""

from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode
_decode_any_float = msgspec.json.Decoder(float_hook=float).decode
_split = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

_UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)


class Members(dict[str, Any]):
    """Undecoded members (`msgspec.Raw`) by name. Only `get` and `[]` decode, which is all that rules use.

    A member that can't be decoded, such as an integer of thousands of digits, is not there.
    """

    def get(self, name: str, default: Any = None) -> Any:
        value = super().get(name, default)
        if type(value) is msgspec.Raw:
            value = self[name] = _value(value, default)
        return value

    def __getitem__(self, name: str) -> Any:
        return self.get(name)


def members(body: bytes, split: dict[str, msgspec.Raw] | None = None) -> Members:
    """The members of a body, by decoding no more than its top level.

    :param split: that level, where somebody has it already.
    """
    try:
        return Members(_split(body) if split is None else split)
    except _UNREADABLE:
        return Members()


def _value(raw: msgspec.Raw, default: Any) -> Any:
    try:
        try:
            return _decode(raw)
        except msgspec.ValidationError:
            return _decode_any_float(raw)  # slower; 1e999 is JSON all the same
    except _UNREADABLE:
        return default
