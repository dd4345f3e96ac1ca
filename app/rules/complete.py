"""What can be written at a place of a rule: the tokens the grammar takes there, joined with the vocabulary.

`place` next door reads what stands before, `choices` finds what fits, here it is ranked.
"""

from collections.abc import Collection, Iterable

import msgspec

from app.rules.ast import Span
from app.rules.choices import Choices
from app.rules.fields import RULES, Vocabulary
from app.rules.habits import OURS
from app.rules.limits import MAX_CHARS
from app.rules.offers import Completion, Seen
from app.rules.place import place
from app.rules.tokens import tokens
from app.rules.words import Word

MAX_OFFERS = 100
_FINISHED = frozenset(("STRING", "RAW", "RANGE", "BANG", "LPAR", "RPAR", "LSQB", "RSQB", "COMMA"))


class Completions(msgspec.Struct, frozen=True):
    """The piece of the text that an offer replaces, and the offers, the likeliest first."""

    span: Span
    items: tuple[Completion, ...]


def complete(
    text: str,
    cursor: int,
    lists: Collection[str],
    seen: Seen | None = None,
    vocabulary: Vocabulary = RULES,
) -> Completions:
    """Offers for a cursor (characters from the start). `lists` are the names of named lists, without `$`.

    Total: a wrong text gives few offers or none, never an error.
    """
    cursor = max(0, min(cursor, len(text)))
    nothing = Completions((cursor, cursor), ())
    if len(text) > MAX_CHARS:
        return nothing
    before, at = _split(text, cursor)
    if at is not None and at.kind == "COMMENT":
        return nothing
    found = place(before, vocabulary)
    if found is None:
        return nothing
    span = (cursor, cursor) if at is None else (at.start, at.end)
    typed = "" if at is None else text[at.start : cursor]
    choices = Choices(before, found, at, lists, seen or Seen(), vocabulary)
    if at is not None and (at.kind in ("STRING", "RAW") or at.text[0] in "\"'"):
        opening = 2 if at.kind == "RAW" else 1
        span = (at.start, _string_end(at, cursor))
        return Completions(span, _ranked(typed[opening:], choices.texts()))
    return Completions(span, _spaced(text, span, _ranked(typed, choices.all())))


def _split(text: str, cursor: int) -> tuple[list[Word], Word | None]:
    """The tokens before the cursor, without the one that is being written there; and that one."""
    before: list[Word] = []
    for word in tokens(text):
        if word.start >= cursor:
            break
        if word.end > cursor or (word.end == cursor and _goes_on(word)):
            return before, word
        before.append(word)
    return before, None


def _goes_on(word: Word) -> bool:
    """One more character could still belong to the token."""
    if word.kind == "COMPARE":
        return len(word.text) == 1
    return word.kind not in _FINISHED and (word.kind not in ("AND", "OR") or word.text.isalpha())


def _string_end(at: Word, cursor: int) -> int:
    """Where the text being written ends: a quote that was meant to open another text does not belong to it."""
    rest = at.text[cursor - at.start : -1]
    return at.end if at.kind and " " not in rest and "\t" not in rest else cursor


def _ranked(typed: str, items: Iterable[Completion]) -> tuple[Completion, ...]:
    """Those that fit what was typed: its beginning, the beginning of a part, anywhere, letters in order."""
    lowered = typed.lower()
    ours = OURS.get(typed, "")
    ranks: tuple[list[Completion], ...] = ([], [], [], [])
    for item in items:
        rank = _rank(lowered, item.label.lower(), ours == item.label)
        if rank is not None:
            ranks[rank].append(item)
    return tuple([item for rank in ranks for item in rank][:MAX_OFFERS])


def _rank(typed: str, label: str, translated: bool) -> int | None:
    if translated or label.startswith(typed):
        return 0
    if typed[:1] == ".":
        typed = typed[1:]
    at = label.find(typed)
    if at >= 0:
        return 1 if at == 0 or not label[at - 1].isalnum() else 2
    at = -1
    for char in typed:
        at = label.find(char, at + 1)
        if at < 0:
            return None
    return 3


def _spaced(text: str, span: Span, items: tuple[Completion, ...]) -> tuple[Completion, ...]:
    """With blanks where an offer would grow together with its neighbours."""
    before = text[span[0] - 1 : span[0]]
    apart_before = before != "" and (before.isalnum() or before in "\"')]=<>|&")
    after = text[span[1] : span[1] + 1]
    apart_after = after.isalnum() or after in ("_", '"', "'")
    return tuple(_apart(item, apart_before, apart_after) for item in items)


def _apart(item: Completion, before: bool, after: bool) -> Completion:
    if before and item.insert[0] not in ".[)],":
        cursor = None if item.cursor is None else item.cursor + 1
        item = msgspec.structs.replace(item, insert=f" {item.insert}", cursor=cursor)
    if after and item.insert[-1].isalnum():
        cursor = len(item.insert) if item.cursor is None else item.cursor
        item = msgspec.structs.replace(item, insert=f"{item.insert} ", cursor=cursor)
    return item
