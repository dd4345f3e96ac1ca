"""What msgspec and Litestar say of a request that does not fit, as `ValidationFailed` with JSON pointers (RFC 6901)."""

import difflib
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from app.common.errors import FieldError, GatewayError, InvalidJson, ResourceNotFound, ValidationFailed

_PATH = re.compile(
    r"(.*) - at `(?:key` in `)?\$(.*)`", re.DOTALL
)  # greedy: the last one; those before were sent
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")
_FIELD = re.compile(r"^Object (contains unknown|missing required) field `(.*)`$", re.DOTALL)
_VALUE = re.compile(r" ['\"].*", re.DOTALL)


def from_msgspec(error: msgspec.ValidationError, kind: Any = None) -> ValidationFailed:
    """
    :param kind: the struct that was asked for; a near field name is suggested where one is unknown.
    """
    text, pointer = _split(str(error))
    return failed([_fault(text, pointer, kind)])


def from_arguments(found: Iterable[Any]) -> GatewayError:
    """Of Litestar's list of `{"message", "key", "source"}` for query and path parameters.

    :returns: `ResourceNotFound` when it is the path that does not fit: nothing can have such a name.
    """
    faults = []
    for item in found:
        key, text = str(item.get("key", "")), str(item.get("message", ""))
        if item.get("source") == "path":
            return ResourceNotFound("There is no such resource.")
        if key in ("", "data"):
            return InvalidJson("The request needs a JSON body.")
        faults.append(_fault(_split(text)[0], f"/{escape(key)}", None))
    return failed(faults)


def failed(faults: list[FieldError]) -> ValidationFailed:
    """The error that lists the faults."""
    detail = "; ".join(f"{fault.pointer or 'body'}: {fault.message}" for fault in faults)
    return ValidationFailed(detail or "The request does not fit.", errors=tuple(faults))


def _split(text: str) -> tuple[str, str]:
    found = _PATH.fullmatch(text)
    if found is None:
        return text, ""
    pointer = ""
    for step in _STEP.finditer(found[2]):
        name = step[1] or step[2]
        if name is None:  # msgspec does not name the keys of a mapping: the pointer ends at the mapping
            break
        pointer += "/" + escape(name)
    return found[1], pointer


def _fault(text: str, pointer: str, kind: Any) -> FieldError:
    found = _FIELD.match(text)
    if found is not None:
        name = found[2][:64]
        pointer += "/" + escape(name)
        if found[1].startswith("missing"):
            return FieldError(pointer, "missing_field", "This field is required.")
        return FieldError(pointer, "unknown_field", "There is no such field.", suggestion=_near(name, kind))
    if text.startswith("Expected ") and "`, got `" in text:
        return FieldError(pointer, "wrong_type", text + ".")
    if text.startswith(("Expected ", "Number out of range")):
        return FieldError(pointer, "out_of_range", text + ".")
    return FieldError(
        pointer, "invalid_value", _VALUE.sub("", text) + "."
    )  # nothing that was sent is repeated


def _near(name: str, kind: Any) -> str | None:
    if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
        return None
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    return next(iter(difflib.get_close_matches(name, names, n=1)), None)


def escape(name: str) -> str:
    """A name as one step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
