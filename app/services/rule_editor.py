"""What the rule editor asks: a text read, offers for a place in it, the meaning of a word."""

import asyncio
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.named_lists import NamedListRepository
from app.rules.complete import Completions, complete
from app.rules.fields import LOGS, RULES, Vocabulary
from app.rules.hover import Hover, hover
from app.rules.limits import MAX_CHARS
from app.rules.reading import Reading, read
from app.rules.tokens import tokens
from app.services.rule_hints import seen

VocabularyName: TypeAlias = Literal["rules", "logs"]

VOCABULARIES: Final[Mapping[str, Vocabulary]] = {"rules": RULES, "logs": LOGS}


async def read_text(
    session: AsyncSession, text: str, vocabulary: VocabularyName, model: str | None = None
) -> Reading:
    """Check, format and colour a text, with the named lists there are."""
    stored = NamedListRepository(session)
    lists: dict[str, frozenset[str]] = dict.fromkeys(await stored.names(), frozenset())
    lists |= await stored.entries(_lists_in(text))
    return await asyncio.to_thread(read, text, lists, VOCABULARIES[vocabulary], model)


def _lists_in(text: str) -> set[str]:
    if len(text) > MAX_CHARS:
        return set()
    return {word.text[1:] for word in tokens(text) if word.kind == "LIST_NAME"}


async def complete_text(
    session: AsyncSession, text: str, cursor: int, vocabulary: VocabularyName
) -> Completions:
    """Offers for a cursor, with the named lists and what was seen in traffic and configuration."""
    names = await NamedListRepository(session).names()
    known = await seen(session)
    return await asyncio.to_thread(complete, text, cursor, names, known, VOCABULARIES[vocabulary])


async def hover_text(text: str, offset: int, vocabulary: VocabularyName) -> Hover | None:
    """What the word at a character means."""
    return await asyncio.to_thread(hover, text, offset, VOCABULARIES[vocabulary])
