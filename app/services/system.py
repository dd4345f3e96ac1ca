"""Where each setting in force comes from, without its value where that is a secret."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
from sqlalchemy.engine import make_url

from app.config import PREFIX, Settings, read_env_file

SECRETS: Final = frozenset({"encryption_key", "admin_token", "upstream_proxy"})


class SettingSource(StrEnum):
    """Where a setting was given."""

    ENVIRONMENT = "environment"
    ENV_FILE = "env_file"
    ARGUMENT = "argument"
    """On the command line, or by the program that made the application."""
    DEFAULT = "default"


class Setting(msgspec.Struct, frozen=True):
    """One setting in force. `value` is text; None where nothing is set, or where it is a secret."""

    name: str
    description: str
    source: SettingSource
    value: str | None
    is_secret: bool
    is_set: bool


def effective(
    settings: Settings, environ: Mapping[str, str] | None = None, env_file: Path = Path(".env")
) -> list[Setting]:
    """All settings in force, in the order of `Settings`."""
    environ = os.environ if environ is None else environ
    from_file = read_env_file(env_file) if env_file.is_file() else {}
    return [
        Setting(
            name=field.name.upper(),
            description=_description(field.type),
            source=_source(field, getattr(settings, field.name), environ, from_file),
            value=_shown(field.name, getattr(settings, field.name)),
            is_secret=field.name in SECRETS,
            is_set=getattr(settings, field.name) is not None,
        )
        for field in msgspec.structs.fields(Settings)
    ]


def _source(
    field: msgspec.structs.FieldInfo, value: Any, environ: Mapping[str, str], from_file: Mapping[str, str]
) -> SettingSource:
    name = field.name.upper()
    for source, values in ((SettingSource.ENVIRONMENT, environ), (SettingSource.ENV_FILE, from_file)):
        if values.get(PREFIX + name) or values.get(name):
            return source
    return SettingSource.DEFAULT if value == field.default else SettingSource.ARGUMENT


def _shown(name: str, value: Any) -> str | None:
    if value is None or name in SECRETS:
        return None
    if name == "database_url":
        return make_url(value).render_as_string(hide_password=True)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _description(annotated: Any) -> str:
    found = (meta.description for meta in get_args(annotated) if isinstance(meta, msgspec.Meta))
    return next(filter(None, found), "")
