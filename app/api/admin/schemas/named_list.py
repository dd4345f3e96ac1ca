"""Named lists in the admin API."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.api.admin.schemas.base import Notes, Page, Resource
from app.repositories.named_lists import StoredRule
from app.services.named_lists import MOST
from app.services.named_lists import NamedList as Stored
from app.services.resource import etag

ListName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*(?![\s\S])",
        description="Unique name, without the `$` that rules put before it.",
    ),
]
Entry = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*(?![\s\S])")]
Entries = Annotated[
    list[Entry],
    Meta(max_length=MOST, description="What is in the list. Duplicates are dropped, the order is kept."),
]


class NamedListUse(msgspec.Struct, frozen=True):
    """A rule that asks for a list."""

    model: Annotated[str, Meta(description="Name of the model.")]
    target_id: Annotated[int | None, Meta(description="Number of the target; null: the model's own rule.")]
    provider: Annotated[str | None, Meta(description="Name of the target's provider.")]
    target_model: Annotated[str | None, Meta(description="What the target's provider is sent as `model`.")]

    @classmethod
    def of(cls, rule: StoredRule) -> "NamedListUse":
        return cls(
            model=rule.model,
            target_id=rule.target_id,
            provider=rule.provider,
            target_model=rule.target_model,
        )


class NamedListHead(Resource, frozen=True, kw_only=True):
    """A named list without its entries, of which there may be many."""

    name: ListName
    notes: Notes
    entry_count: Annotated[int, Meta(description="How many entries it has.")]
    used_by: Annotated[list[NamedListUse], Meta(description="Rules that ask for it.")]

    @classmethod
    def of_row(cls, row: Any, users: list[StoredRule]) -> "NamedListHead":
        return cls(**_head(row, users), entry_count=row.entry_count)

    @classmethod
    def of_stored(cls, stored: Stored) -> "NamedListHead":
        row, users = stored
        return cls(**_head(row, users), entry_count=len(row.entries))


class NamedList(NamedListHead, frozen=True, kw_only=True):
    """Texts that rules ask for as `$name`."""

    entries: Entries
    warnings: Annotated[
        list[str], Meta(description="Entries that can never match where a rule asks for them, in words.")
    ]

    @classmethod
    def of(cls, stored: Stored, warnings: list[str]) -> "NamedList":
        row, users = stored
        return cls(**_head(row, users), entry_count=len(row.entries), entries=row.entries, warnings=warnings)


def _head(row: Any, users: list[StoredRule]) -> dict[str, Any]:
    return {
        "id": row.id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "etag": etag(row),
        "name": row.name,
        "notes": row.notes,
        "used_by": [NamedListUse.of(rule) for rule in users],
    }


class NamedListCreate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list to be stored."""

    name: ListName
    entries: Entries = []
    notes: Notes = ""


class NamedListUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a list. What is absent stays."""

    name: ListName | UnsetType = UNSET
    entries: Entries | UnsetType = UNSET
    notes: Notes | UnsetType = UNSET


class NamedListChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entries to take out, and then to put at the end."""

    add: Annotated[list[Entry], Meta(max_length=MOST, description="Entries to add.")] = []
    remove: Annotated[list[Entry], Meta(max_length=MOST, description="Entries to take out.")] = []


class NamedListPage(Page, frozen=True, kw_only=True):
    """One page of named lists."""

    items: Annotated[list[NamedListHead], Meta(description="Lists in the order asked for.")]
