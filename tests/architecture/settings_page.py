"""Writes `docs/configuration.md` from `app.config.Settings`; `test_settings.py` next door checks that it is fresh."""

import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from app.config import PREFIX, Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"

_INTRODUCTION = f"""\
# Configuration

<!-- Made by `just settings` from app/config.py; edit that. -->

Settings come from the environment, then from a file `.env` in the working directory, then from the defaults below.
Each name works as it stands and with the prefix `{PREFIX}`; where both are set, the prefixed one counts. An empty value
counts as not set. A value that can't be used ends the program with one line that names the setting; an unknown name
with the prefix is warned about. `llm-gateway doctor` checks them all.

Providers, models, rules and API keys are not settings: they live in the database and change while the gateway runs
([API](api.md)).

| name | default | accepts | meaning |
|---|---|---|---|
"""

_CONCLUSION = """
`DATABASE_TYPE` (`sqlite` or `postgresql`) is read too: it has to agree with `DATABASE_URL` and changes nothing else.
"""


def page() -> str:
    """The whole page."""
    defaults = Settings()
    rows = [
        f"| `{field.name.upper()}` | {_default(getattr(defaults, field.name))} | {_accepts(field.type)} "
        f"| {_meta(field.type).description} |"
        for field in msgspec.structs.fields(Settings)
    ]
    return _INTRODUCTION + "\n".join(rows) + "\n" + _CONCLUSION


def _default(value: object) -> str:
    return "" if value in (None, "") else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _metas(annotated: Any) -> list[msgspec.Meta]:
    return [item for item in get_args(annotated)[1:] if isinstance(item, msgspec.Meta)]


def _meta(annotated: Any) -> msgspec.Meta:
    return next(meta for meta in _metas(annotated) if meta.description)


def _accepts(annotated: Any) -> str:
    kind = get_args(annotated)[0]
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    names: dict[Any, str] = {bool: "`true`, `false`", int: "whole number", float: "number"}
    text = names.get(kind, "text")
    for meta in _metas(annotated):
        bounds = ((">", meta.gt), ("≥", meta.ge), ("≤", meta.le))
        text += "".join(f" {sign} {bound}" for sign, bound in bounds if bound is not None)
    return text


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
