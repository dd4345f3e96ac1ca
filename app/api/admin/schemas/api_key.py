"""API keys in the admin API. A value is shown once, by the answer that made it."""

from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.api.admin.schemas.base import ModelName, Name, Page, Resource, Time
from app.db.tables.api_key import ApiKeyRow
from app.services.resource import etag

_NO_NUL = r"^[^\x00]*(?![\s\S])"

AllowedModels = Annotated[
    Annotated[list[ModelName], Meta(max_length=1000)] | None,
    Meta(description="Models the key may use; null: all of them."),
]
RequestsPerMinute = Annotated[
    Annotated[int, Meta(ge=1, le=1_000_000)] | None,
    Meta(description="Requests in any minute; null: no limit."),
]
Tags = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=64, pattern=_NO_NUL)]],
    Meta(max_length=50, description="Words for rules and filters."),
]
Scalar = (
    Annotated[str, Meta(max_length=500, pattern=_NO_NUL)]
    | Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
    | float
    | bool
)
Metadata = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=64, pattern=_NO_NUL)], Scalar],
    Meta(max_length=50, description="Values for rules, e.g. `api_key.metadata.team`."),
]
ExpiresAt = Annotated[Time | None, Meta(description="When the key stops working; null: never.")]
IsActive = Annotated[bool, Meta(description="False: the key is refused.")]


class ApiKey(Resource, frozen=True, kw_only=True):
    """A key of a client."""

    name: Name
    prefix: Annotated[str, Meta(description="First characters of its value.")]
    last4: Annotated[str, Meta(description="Last characters of its value.")]
    allowed_models: AllowedModels
    requests_per_minute: RequestsPerMinute
    tags: Tags
    metadata: Metadata
    is_active: IsActive
    expires_at: ExpiresAt
    last_used_day: Annotated[date | None, Meta(description="Day of its last use; null: unknown.")]
    previous_valid_until: Annotated[
        Time | None, Meta(description="Until when the value before the last rotation works as well.")
    ]

    @classmethod
    def of(cls, row: ApiKeyRow) -> "ApiKey":
        return cls(**_fields(row))


class ApiKeyCreated(ApiKey, frozen=True, kw_only=True):
    """A key with the value it has just been given: the only time it is shown."""

    value: Annotated[str, Meta(description="What clients send as `Authorization: Bearer` or `x-api-key`.")]

    @classmethod
    def made(cls, row: ApiKeyRow, value: str) -> "ApiKeyCreated":
        return cls(**_fields(row), value=value)

    def __repr__(self) -> str:
        return f"ApiKeyCreated(id={self.id}, name={self.name!r})"


class ApiKeyCreate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to be made."""

    name: Name
    allowed_models: AllowedModels = None
    requests_per_minute: RequestsPerMinute = None
    tags: Tags = []
    metadata: Metadata = {}
    is_active: IsActive = True
    expires_at: ExpiresAt = None


class ApiKeyUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a key. What is absent stays."""

    name: Name | UnsetType = UNSET
    allowed_models: AllowedModels | UnsetType = UNSET
    requests_per_minute: RequestsPerMinute | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET
    is_active: IsActive | UnsetType = UNSET
    expires_at: ExpiresAt | UnsetType = UNSET


class ApiKeyRotate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a key gets a new value."""

    overlap_seconds: Annotated[
        int, Meta(ge=0, le=30 * 86400, description="Seconds for which the old value goes on working.")
    ] = 86400


class ApiKeyPage(Page, frozen=True, kw_only=True):
    """One page of API keys."""

    items: Annotated[list[ApiKey], Meta(description="Keys in the order asked for.")]


def _fields(row: ApiKeyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "etag": etag(row),
        "name": row.name,
        "prefix": row.prefix,
        "last4": row.last4,
        "allowed_models": row.allowed_models,
        "requests_per_minute": row.requests_per_minute,
        "tags": row.tags,
        "metadata": row.labels,
        "is_active": row.is_active,
        "expires_at": row.expires_at,
        "last_used_day": row.last_used_day,
        "previous_valid_until": row.previous_valid_until,
    }
