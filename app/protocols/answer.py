"""What an answer has said so far: usage, end, error, text. One subclass per wire format, in packages beside this."""

from abc import ABC, abstractmethod
from io import StringIO
from typing import Annotated, Any

import msgspec

from app.domain.usage import Usage

MAX_TEXT_CHARACTERS = 1024 * 1024
"""Text kept of one answer, for counting where the upstream reports no usage."""

_LARGEST = 2**53
"""A greater count is nonsense, and would not fit into every database."""


Count = Annotated[int, msgspec.Meta(ge=0, le=_LARGEST)]
"""A token count as it should be. Reports made of these are decoded at once; `number` reads all others."""


class Answer(ABC):
    """Takes the events of one stream in their order, or one whole body."""

    __slots__ = ("_room", "_text", "ended", "error", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.ended = False
        """The protocol's own end was seen."""
        self.error = False
        """An error took the place of the rest of the answer."""
        self._text = StringIO()
        self._room = MAX_TEXT_CHARACTERS

    @abstractmethod
    def take(self, name: str | None, content: bytes, /) -> None:
        """One event.

        :raises msgspec.MsgspecError, UnicodeDecodeError, RecursionError: no event of this format; nothing was taken.
        """

    @abstractmethod
    def take_whole(self, body: bytes) -> None:
        """The body of an answer that was not streamed. Raises as `take` does."""

    @property
    def text(self) -> str:
        """What the model wrote: text, reasoning, tool calls; up to `MAX_TEXT_CHARACTERS`."""
        return self._text.getvalue()

    def write(self, text: Any) -> None:
        """Keep a piece of text; anything else that stands in its place is passed over."""
        if text.__class__ is str and self._room > 0:
            self._text.write(text if len(text) <= self._room else text[: self._room])
            self._room -= len(text)


def number(tree: Any, *path: str) -> int | None:
    """The token count at a path, or None where there is none."""
    for name in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(name)
    if isinstance(tree, float) and tree.is_integer():
        tree = int(tree)
    return tree if isinstance(tree, int) and not isinstance(tree, bool) and 0 <= tree <= _LARGEST else None


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in what should be a list of objects."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def usage_or_none(usage: Usage) -> Usage | None:
    """None for a report that says nothing."""
    return None if usage.input is None and usage.output is None else usage
