"""Who makes an administrative change."""

from enum import StrEnum

import msgspec


class ActorKind(StrEnum):
    SESSION = "session"
    TOKEN = "token"  # noqa: S105  # a kind of actor, not a secret
    ENVIRONMENT = "environment"
    """`ADMIN_TOKEN`."""
    COMMAND = "command"
    """The command line."""


class Actor(msgspec.Struct, frozen=True):
    """Written into each revision. `name` is the user name, the token's name, or the command."""

    kind: ActorKind
    name: str
