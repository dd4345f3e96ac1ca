"""Bodies of set-up, login, sessions and admin tokens."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.api.admin.schemas.base import Time
from app.domain.admin import ActorKind

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._@-]*(?![\s\S])")]
NewPassword = Annotated[
    str, Meta(min_length=12, max_length=256, description="The password to be; at least 12 characters.")
]


class SetupState(msgspec.Struct, frozen=True):
    """Whether the gateway waits for its first administrator."""

    required: Annotated[bool, Meta(description="True until the first administrator exists.")]


class SetupCreate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first administrator."""

    token: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=512,
            description="The setup token printed at the start, or `ADMIN_TOKEN`.",
        ),
    ]
    name: Annotated[Name, Meta(description="User name to log in with.")]
    password: NewPassword

    def __repr__(self) -> str:
        return "SetupCreate(...)"


class SessionCreate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A login."""

    name: Annotated[str, Meta(min_length=1, max_length=64, description="User name.")]
    password: Annotated[str, Meta(min_length=1, max_length=256, description="Password.")]

    def __repr__(self) -> str:
        return "SessionCreate(...)"


class Session(msgspec.Struct, frozen=True):
    """Who is calling."""

    kind: Annotated[ActorKind, Meta(description="How the caller was authenticated.")]
    name: Annotated[str, Meta(description="User name, or the name of the token.")]
    expires_at: Annotated[
        Time | None, Meta(description="When the session ends however much it is used; null for tokens.")
    ] = None


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new password for the user who is logged in."""

    current_password: Annotated[
        str, Meta(min_length=1, max_length=256, description="The password until now.")
    ]
    new_password: NewPassword

    def __repr__(self) -> str:
        return "PasswordChange(...)"


class AdminTokenCreate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token for automation."""

    name: Annotated[Name, Meta(description="What the token is for; shown in the list of changes.")]
    expires_at: Annotated[
        Time | None,
        Meta(description="When the token stops working; null for never."),
    ] = None


class AdminToken(msgspec.Struct, frozen=True):
    """A token that may use the admin API."""

    id: Annotated[int, Meta(description="Number of the token.")]
    name: Annotated[str, Meta(description="What the token is for.")]
    hint: Annotated[str, Meta(description="Its last characters.")]
    created_at: Annotated[Time, Meta(description="When it was made.")]
    expires_at: Annotated[Time | None, Meta(description="When it stops working; null for never.")]


class AdminTokenCreated(msgspec.Struct, frozen=True):
    """A token just made, the only time its value is shown."""

    id: Annotated[int, Meta(description="Number of the token.")]
    name: Annotated[str, Meta(description="What the token is for.")]
    hint: Annotated[str, Meta(description="Its last characters.")]
    created_at: Annotated[Time, Meta(description="When it was made.")]
    expires_at: Annotated[Time | None, Meta(description="When it stops working; null for never.")]
    token: Annotated[str, Meta(description="The value, for `Authorization: Bearer`.")]

    def __repr__(self) -> str:
        return f"AdminTokenCreated(id={self.id}, name={self.name!r})"


class AdminTokenPage(msgspec.Struct, frozen=True):
    """One page of tokens."""

    items: Annotated[list[AdminToken], Meta(description="Tokens in the order they were made.")]
    total: Annotated[int, Meta(description="How many there are over all pages.")]
    page: Annotated[int, Meta(description="Number of this page, from 1.")]
    page_size: Annotated[int, Meta(description="Most items a page holds.")]
