"""JSON of others into plain Python values. Reading only the top level of a request is `protocols/envelope.py`."""

from typing import Any

import msgspec

from app.common.errors import InvalidJson

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_any_float = msgspec.json.Decoder(dict[str, Any], float_hook=float).decode


def decode_object(body: bytes) -> dict[str, Any]:
    """A JSON object as a dict; of duplicate names the last counts, and numbers beyond a double become infinite.

    :raises InvalidJson: no JSON object, nested too deep, or an integer of thousands of digits.
    """
    try:
        try:
            return _decode(body)
        except msgspec.ValidationError:
            return _decode_any_float(body)  # slower; 1e999 is JSON all the same
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidJson("The body is no JSON object that can be read.") from None
