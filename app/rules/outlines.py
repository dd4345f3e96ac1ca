"""Outlines of long lists in a body: roles of messages, types of their parts, names of tools. Texts are left out.

What of an outline can be relied on is in `KNOWN`; all else in the list is unknown.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

import msgspec

MOST_BYTES: Final = 1536
"""Of one outline."""
_WORD: Final = 64
"""Characters of a role, a type or the name of a tool; a list with a longer one has no outline."""

KNOWN: Final = {
    "messages": {
        "": ("list", "len", "exists"),
        "[]": ("exists",),
        "[].role": ("value", "exists"),
        "[].content": ("list", "exists"),
        "[].content[]": ("exists",),
        "[].content[].type": ("value", "exists"),
    },
    "tools": {
        "": ("list", "len", "exists"),
        "[]": ("exists",),
        "[].type": ("value", "exists"),
        "[].name": ("value", "exists"),
        "[].function": ("exists",),
        "[].function.name": ("value", "exists"),
    },
}
"""By member: for each path below it what may be done with it, in the words of `unknown.Use`."""

_ROLES: Final = ("system", "developer", "user", "assistant", "tool")

_encode: Final = msgspec.json.Encoder().encode
_said: Final[dict[str, bytes]] = {role: _encode({"role": role, "content": ""}) for role in _ROLES}
"""Messages of plain text by role."""
_said_by: Final = _said.__getitem__
_role: Final = attrgetter("role")


class _Unfit(Exception):
    """There is no outline of this list."""


class _Plain(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A message of plain text. Each of its members is decoded in full: what is no JSON must not pass for a message."""

    role: str
    content: str
    name: str | None = None


_decode_plain: Final = msgspec.json.Decoder(list[_Plain]).decode


def plain_messages(raw: msgspec.Raw) -> bytes | None:
    """The outline of messages that are all plain text, for half the cost: most are. None where they may not be."""
    try:
        outline = b"[%b]" % b",".join(map(_said_by, map(_role, _decode_plain(raw))))
    except (msgspec.DecodeError, ValueError, RecursionError, KeyError):
        return None
    return outline if len(outline) <= MOST_BYTES else None


def messages(found: Any) -> bytes | None:
    """The outline in JSON; None where there is none."""
    return _outline(found, _message)


def tools(found: Any) -> bytes | None:
    """The outline in JSON; None where there is none."""
    return _outline(found, _tool)


OUTLINES: Final[dict[str, Callable[[Any], bytes | None]]] = {"messages": messages, "tools": tools}


def _outline(found: Any, shorten: Callable[[Any], bytes]) -> bytes | None:
    if type(found) is not list:
        return None
    try:
        outline = b"[%b]" % b",".join([shorten(item) for item in found])
    except (_Unfit, UnicodeEncodeError):
        return None
    return outline if len(outline) <= MOST_BYTES else None


def _message(message: Any) -> bytes:
    if type(message) is not dict:
        raise _Unfit
    content, role = message.get("content"), message.get("role")
    if type(content) is str and type(role) is str and role in _said:
        return _said[role]
    short: dict[str, Any] = _words(message, "role")
    if type(content) is list:
        short["content"] = [_words(part, "type") for part in content]
    elif type(content) is str:
        short["content"] = ""
    elif content is None:
        if "content" in message:
            short["content"] = None
    else:
        raise _Unfit
    outline = _encode(short)
    if type(content) is str and type(role) is str and len(_said) < 16:
        _said[role] = outline
    return outline


def _tool(tool: Any) -> bytes:
    short: dict[str, Any] = _words(tool, "type", "name")
    function = tool.get("function")
    if type(function) is dict:
        short["function"] = _words(function, "name")
    elif "function" in tool:
        raise _Unfit
    return _encode(short)


def _words(value: Any, *names: str) -> dict[str, Any]:
    """Those members of an object that are there; they have to be words."""
    if type(value) is not dict:
        raise _Unfit
    found = {name: value[name] for name in names if name in value}
    for word in found.values():
        if type(word) is not str or len(word) > _WORD:
            raise _Unfit
    return found
