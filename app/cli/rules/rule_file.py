"""Rules, named lists and tests as a YAML file that people keep in git. `transfer.py` next door moves them."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.api.admin.schemas.base import Notes, Rule
from app.api.admin.schemas.named_list import Entries, ListName
from app.api.admin.schemas.rule_test import TestName
from app.api.admin.schemas.target import TargetModel
from app.api.faults import from_msgspec
from app.common.errors import FieldError, ValidationFailed
from app.common.yaml_text import MAX_BYTES, Document, YamlError, escape, read, write
from app.domain.sample import Sample
from app.rules.engine import GRAMMAR
from app.rules.rule_test import Expect

_HEADER = (
    "# Rules of LLM Gateway. `llm-gateway rules import FILE` applies them; what is left out stays as it is.\n"
)


class FileList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A named list."""

    entries: Entries = []
    notes: Notes = ""


class FileTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rule of a target, which is known by its provider and its model there. Where one pair is there twice, the
    first in the file is the first of the model."""

    provider: str
    target_model: TargetModel
    rule: Rule


class FileTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test."""

    name: TestName
    request: Sample
    expect: Expect


class FileModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules of a model. `tests` are all there shall be."""

    rule: Rule | UnsetType = UNSET
    targets: list[FileTarget] | UnsetType = UNSET
    tests: list[FileTest] | UnsetType = UNSET


class RuleFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    grammar: int = GRAMMAR
    lists: dict[str, FileList] = {}
    models: dict[str, FileModel] = {}


class _Outline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file whose parts are still to be looked at, one by one, so that each fault has its place."""

    grammar: Annotated[int, Meta(ge=GRAMMAR, le=GRAMMAR)] = GRAMMAR
    lists: dict[str, Any] = {}
    models: dict[str, Any] = {}


class FaultyFile(Exception):
    """A file that can't be used, fault by fault, with their lines."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))


class LoadedFile(msgspec.Struct, frozen=True):
    """A file, and what is needed to say where it is wrong."""

    name: str
    content: RuleFile
    document: Document

    def faulty(self, error: ValidationFailed) -> FaultyFile:
        """What services said of the content: their pointers lead into the file."""
        return FaultyFile([_line(self.name, self.document, fault) for fault in error.errors])


def load(path: Path) -> LoadedFile:
    """
    :raises FaultyFile: no YAML, or YAML of another shape.
    :raises OSError: the file can't be read.
    """
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    try:
        document = read(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise FaultyFile([f"{path}: the file is not UTF-8"]) from None
    except YamlError as error:
        raise FaultyFile([f"{path}: {error}"]) from None
    faults: list[FieldError] = []
    outline = _convert({} if document.value is None else document.value, _Outline, "", faults) or _Outline()
    lists = {
        _convert(name, ListName, f"/lists/{escape(name)}", faults): _convert(
            value, FileList, f"/lists/{escape(name)}", faults
        )
        for name, value in outline.lists.items()
    }
    models = {
        name: _convert(value, FileModel, f"/models/{escape(name)}", faults)
        for name, value in outline.models.items()
    }
    if faults:
        raise FaultyFile([_line(str(path), document, fault) for fault in faults])
    return LoadedFile(str(path), RuleFile(lists=lists, models=models), document)


def dump(content: RuleFile) -> str:
    """The text of a file."""
    return _HEADER + write(msgspec.to_builtins(content))


def _convert(value: Any, kind: Any, pointer: str, faults: list[FieldError]) -> Any:
    """The value as a type; None, and what is wrong with it among the faults, where it does not fit."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found = from_msgspec(error, kind).errors
        faults += [msgspec.structs.replace(fault, pointer=pointer + fault.pointer) for fault in found]
        return None


def _line(name: str, document: Document, fault: FieldError) -> str:
    """A fault as one line that editors can follow."""
    text = _at(document.value, fault.pointer)
    at = f" (`{text[fault.span[0] : fault.span[1]]}`)" if fault.span and isinstance(text, str) else ""
    hint = f"; {fault.suggestion}" if fault.suggestion else ""
    place = f"{name}:{document.line(fault.pointer)}: {fault.pointer or '/'}"
    return f"{place}: {fault.code}: {fault.message}{at}{hint}"


def _at(value: object, pointer: str) -> object:
    """The value a pointer leads to; None where it leads nowhere."""
    for step in pointer.split("/")[1:]:
        if isinstance(value, dict):
            value = {escape(key): below for key, below in value.items()}.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
