"""Providers in the admin API. A credential goes in and never comes out."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.api.admin.schemas.base import AsciiName, Notes, Page, Resource
from app.db.tables.provider import ProviderRow
from app.domain.provider import Protocol
from app.services.providers import ENV
from app.services.resource import etag

BaseUrl = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=2000,
        pattern=r"^[!-~]+(?![\s\S])",
        description="Where its API begins, e.g. `https://api.openai.com/v1`; a `/v1` at the end is optional.",
    ),
]
Credential = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=8192,
        pattern=r"^[!-~]([ -~]*[!-~])?(?![\s\S])",
        description="API key of the provider; or `env:NAME`, the environment variable that holds it.",
    ),
]
HeaderName = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?![\s\S])")
]
HeaderValue = Annotated[str, Meta(max_length=2000, pattern=r"^([!-~]([ -~]*[!-~])?)?(?![\s\S])")]
Headers = Annotated[
    dict[HeaderName, HeaderValue],
    Meta(
        max_length=50,
        description="Headers sent with every request to the provider. No credentials: they are shown.",
    ),
]
Timeout = Annotated[float, Meta(gt=0, le=86400)]
ConnectTimeout = Annotated[
    Timeout | None, Meta(description="Seconds to connect; null: the setting `CONNECT_TIMEOUT`.")
]
FirstByteTimeout = Annotated[
    Timeout | None, Meta(description="Seconds to the response head; null: the setting `FIRST_BYTE_TIMEOUT`.")
]
IdleTimeout = Annotated[
    Timeout | None, Meta(description="Seconds of silence in an answer; null: the setting `IDLE_TIMEOUT`.")
]
TotalTimeout = Annotated[
    Timeout | None, Meta(description="Seconds in all; null: the setting `TOTAL_TIMEOUT`.")
]
VerifyTls = Annotated[bool, Meta(description="Check the provider's certificate.")]
IsActive = Annotated[bool, Meta(description="False: its targets are left out of routing.")]
ProtocolField = Annotated[Protocol, Meta(description="Wire format the provider speaks.")]


class Provider(Resource, frozen=True, kw_only=True):
    """A stored vendor account."""

    name: AsciiName
    protocol: ProtocolField
    base_url: BaseUrl
    credential_set: Annotated[bool, Meta(description="A credential is stored.")]
    credential_hint: Annotated[
        str | None,
        Meta(description="Last characters of the credential, or its `env:NAME`; null for short ones."),
    ]
    headers: Headers
    connect_timeout: ConnectTimeout
    first_byte_timeout: FirstByteTimeout
    idle_timeout: IdleTimeout
    total_timeout: TotalTimeout
    verify_tls: VerifyTls
    is_active: IsActive
    notes: Notes

    @classmethod
    def of(cls, row: ProviderRow) -> "Provider":
        return cls(
            id=row.id,
            created_at=row.created_at,
            updated_at=row.updated_at,
            etag=etag(row),
            name=row.name,
            protocol=Protocol(row.protocol),
            base_url=row.base_url,
            credential_set=row.credential_ciphertext is not None or row.credential_env is not None,
            credential_hint=ENV + row.credential_env if row.credential_env else row.credential_hint,
            headers=row.headers,
            connect_timeout=row.connect_timeout,
            first_byte_timeout=row.first_byte_timeout,
            idle_timeout=row.idle_timeout,
            total_timeout=row.total_timeout,
            verify_tls=row.verify_tls,
            is_active=row.is_active,
            notes=row.notes,
        )


class ProviderCreate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider to be stored."""

    name: AsciiName
    protocol: ProtocolField
    base_url: BaseUrl
    credential: Credential | None = None
    headers: Headers = {}
    connect_timeout: ConnectTimeout = None
    first_byte_timeout: FirstByteTimeout = None
    idle_timeout: IdleTimeout = None
    total_timeout: TotalTimeout = None
    verify_tls: VerifyTls = True
    is_active: IsActive = True
    notes: Notes = ""

    def __repr__(self) -> str:
        return f"ProviderCreate(name={self.name!r})"


class ProviderUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a provider. What is absent stays. A new scheme, host or port needs the credential again."""

    name: AsciiName | UnsetType = UNSET
    protocol: ProtocolField | UnsetType = UNSET
    base_url: BaseUrl | UnsetType = UNSET
    credential: Credential | UnsetType | None = UNSET
    headers: Headers | UnsetType = UNSET
    connect_timeout: ConnectTimeout | UnsetType = UNSET
    first_byte_timeout: FirstByteTimeout | UnsetType = UNSET
    idle_timeout: IdleTimeout | UnsetType = UNSET
    total_timeout: TotalTimeout | UnsetType = UNSET
    verify_tls: VerifyTls | UnsetType = UNSET
    is_active: IsActive | UnsetType = UNSET
    notes: Notes | UnsetType = UNSET

    def __repr__(self) -> str:
        return "ProviderUpdate(...)"


class ProviderPage(Page, frozen=True, kw_only=True):
    """One page of providers."""

    items: Annotated[list[Provider], Meta(description="Providers in the order asked for.")]
