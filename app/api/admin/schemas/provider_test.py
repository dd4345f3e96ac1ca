"""Connection tests in the admin API. What comes out is in `domain/connection_test.py`."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.api.admin.schemas.base import AsciiName, Notes
from app.api.admin.schemas.provider import (
    BaseUrl,
    ConnectTimeout,
    Credential,
    FirstByteTimeout,
    Headers,
    IdleTimeout,
    IsActive,
    ProtocolField,
    TotalTimeout,
    VerifyTls,
)

TestedModel = Annotated[
    Annotated[str, Meta(min_length=1, max_length=200)] | None,
    Meta(
        description="The provider's name of the model to ask; null: that of a target, else one of the provider's list."
    ),
]
TestedEndpoint = Annotated[
    Literal["chat/completions", "responses", "embeddings", "messages"] | None,
    Meta(description="Call to try; null: `chat/completions` or `messages`, as the protocol has it."),
]


class ProviderTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to test a stored provider."""

    model: TestedModel = None
    endpoint: TestedEndpoint = None


class ProviderDraftTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider as a form has it, to be tested before it is saved."""

    provider_id: Annotated[
        Annotated[int, Meta(ge=1, le=2**53 - 1)] | None,
        Meta(
            description="Provider the form changes: what is left out, the credential too, is taken from it."
        ),
    ] = None
    protocol: ProtocolField
    base_url: BaseUrl
    name: AsciiName | UnsetType = UNSET
    credential: Credential | UnsetType | None = UNSET
    headers: Headers | UnsetType = UNSET
    connect_timeout: ConnectTimeout | UnsetType = UNSET
    first_byte_timeout: FirstByteTimeout | UnsetType = UNSET
    idle_timeout: IdleTimeout | UnsetType = UNSET
    total_timeout: TotalTimeout | UnsetType = UNSET
    verify_tls: VerifyTls | UnsetType = UNSET
    is_active: IsActive | UnsetType = UNSET
    notes: Notes | UnsetType = UNSET
    model: TestedModel = None
    endpoint: TestedEndpoint = None

    def __repr__(self) -> str:
        return "ProviderDraftTest(...)"
