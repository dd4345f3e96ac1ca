"""Where a command takes texts from: a rule, or a YAML or JSON file."""

import sys
from pathlib import Path
from typing import TypeVar

import msgspec

from app.common.yaml_text import MAX_BYTES, YamlError, read

_T = TypeVar("_T")


def read_rule(text: str | None, file: Path | None) -> str:
    """The rule from the argument, the file, or standard input, without a line end after it.

    :raises OSError: the file can't be read.
    """
    if file is not None:
        text = file.read_text("utf-8")
    elif text is None:
        text = sys.stdin.read()
    return text.rstrip("\n")


def read_yaml(path: Path, kind: type[_T]) -> _T:
    """What is in a YAML file, or a JSON file, which is YAML.

    :raises msgspec.ValidationError: it is no YAML, or of another shape.
    :raises OSError: it can't be read.
    """
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    try:
        document = read(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, YamlError) as error:
        reason = error if isinstance(error, YamlError) else "the file is not UTF-8"
        raise msgspec.ValidationError(f"{path}: {reason}") from None
    return msgspec.convert(document.value, kind)
