"""The state of the gateway and the settings in force."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from app.api.admin.schemas.base import Time
from app.services.system import SettingSource


class DatabaseKind(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class SystemSetting(msgspec.Struct, frozen=True):
    """One setting in force."""

    name: Annotated[
        str, Meta(description="Name in the environment; works with the prefix `LLM_GATEWAY_` too.")
    ]
    description: Annotated[str, Meta(description="What it does.")]
    source: Annotated[SettingSource, Meta(description="Where its value was given.")]
    value: Annotated[str | None, Meta(description="The value; null where none is set, and for secrets.")]
    is_secret: Annotated[bool, Meta(description="The value is never shown.")]
    is_set: Annotated[bool, Meta(description="There is a value.")]


class LogState(msgspec.Struct, frozen=True):
    """The log writer of the process that answers."""

    queued: Annotated[int, Meta(description="Records not yet written.")]
    written: Annotated[int, Meta(description="Records written since the start.")]
    dropped: Annotated[int, Meta(description="Records lost since the start.")]
    bodies_dropped: Annotated[int, Meta(description="Records kept without their bodies since the start.")]
    failing: Annotated[bool, Meta(description="The last try to write failed; it goes on trying.")]
    last_error: Annotated[str | None, Meta(description="Why the last failed try failed.")]
    last_write_at: Annotated[Time | None, Meta(description="When records were written last.")]


class ConfigurationState(msgspec.Struct, frozen=True):
    """The configuration the process that answers is serving."""

    revision: Annotated[int, Meta(description="Revision being served.")]
    fresh: Annotated[bool, Meta(description="The database answered when it was asked for changes last.")]
    models: Annotated[int, Meta(description="Active models.")]
    api_keys: Annotated[int, Meta(description="API keys that work.")]
    problems: Annotated[list[str], Meta(description="What had to be left out, and why.")]


class System(msgspec.Struct, frozen=True):
    """The gateway as the process that answers sees it."""

    name: Annotated[str, Meta(description="Name of this gateway (`APP_NAME`).")]
    version: Annotated[str, Meta(description="Version of the program.")]
    started_at: Annotated[Time, Meta(description="When the process started.")]
    uptime_seconds: Annotated[int, Meta(description="Seconds since then.")]
    database: Annotated[DatabaseKind, Meta(description="Kind of database.")]
    configuration: Annotated[ConfigurationState, Meta(description="What is being served.")]
    log: Annotated[LogState, Meta(description="The log writer.")]
    settings: Annotated[list[SystemSetting], Meta(description="All settings in force.")]
