"""YAML as people keep it in git, read and written: the types of JSON and nothing else.

No tags, anchors or aliases, so that a short text can't grow; no key twice; words such as `yes` and `12:30` are texts.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import yaml  # type: ignore[import-untyped]  # ships no types

MAX_BYTES: Final = 8 * 1024 * 1024
_DEPTH: Final = 120
_DIGITS: Final = 1000
"""Longer integers become floats, or are too large."""
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""As in the core schema of YAML 1.2, part 10.3."""
_ODD = re.compile("[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that only double quotes keep, line ends of other systems among them."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class YamlError(Exception):
    """A text that can't be read, with the line at fault."""


class Document(msgspec.Struct, frozen=True):
    value: Any
    lines: dict[str, int]
    """Line of each value, from 1, by its JSON pointer (RFC 6901)."""

    def line(self, pointer: str) -> int:
        """Where a value is, or else what it would be in."""
        while pointer not in self.lines and pointer:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 1)


def read(text: str) -> Document:
    """:raises YamlError:"""
    if len(text) > MAX_BYTES:
        raise YamlError(f"the file is larger than {MAX_BYTES // 1024**2} MiB")
    try:
        return _Reading(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise YamlError(f"{where}{error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise YamlError(str(error).partition("\n")[0]) from None


class _Reading:
    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._lines: dict[str, int] = {}

    def document(self) -> Document:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                value = self._value(next(self._events), "", 0)
                self._end()
                return Document(value, self._lines)
        return Document(None, self._lines)

    def _end(self) -> None:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise _fault(event, "a second document; there can be one")

    def _value(self, event: Any, pointer: str, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            raise _fault(event, "aliases (`*name`) are not read; write the value out")
        if event.anchor is not None:
            raise _fault(event, "anchors (`&name`) are not read")
        if event.tag not in (None, "!"):
            raise _fault(event, "tags (`!name`) are not read")
        if depth > _DEPTH:
            raise _fault(event, f"nests more than {_DEPTH} deep")
        self._lines[pointer] = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(pointer, depth)
        return self._mapping(pointer, depth)

    def _sequence(self, pointer: str, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, f"{pointer}/{len(items)}", depth + 1))
        return items

    def _mapping(self, pointer: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _fault(event, "a key is a text")
            key = _text(event)
            if key in found:
                raise _fault(event, f"the key `{key[:100]}` is there twice")
            below = f"{pointer}/{escape(key)}"
            found[key] = self._value(next(self._events), below, depth + 1)
            self._lines[below] = event.start_mark.line + 1
        return found


def _text(event: Any) -> str:
    text: str = event.value
    if _SURROGATE.search(text):
        raise _fault(event, "half of a surrogate pair is no character")
    return text


def _scalar(event: Any) -> Any:
    text = _text(event)
    if not event.implicit[0]:  # in quotes, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text) and len(text) <= _DIGITS:
        return int(text)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if abs(value) == float("inf"):
            raise _fault(event, "the number is too large")
        return value
    return text


def _fault(event: Any, message: str) -> YamlError:
    return YamlError(f"line {event.start_mark.line + 1}: {message}")


def escape(key: str) -> str:
    """A key as one step of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # untyped, as said above
    """Texts of several lines stand as blocks; nothing is written as a reference to something before."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style: str | None = None
    if _ODD.search(text):
        style = '"'
    elif "\n" in text:
        style = "|"
    elif text in _WORDS or _FLOAT.fullmatch(text):  # the dumper goes by an older YAML, `read` does not
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def write(value: Any) -> str:
    """A value of the types of JSON as text that `read` gives back equal."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text
