"""Spellings of fields in rule lists and in the settings of other gateways, to paths and back."""

import re

from app.rules.ast import Path, Step
from app.rules.fields import ANY, RULES, Field
from app.rules.literals import read_string
from app.rules.spelling import inline, is_name

_NOWHERE = (0, 0)
_ROOTS = {"current_model": "model", "request_body": "body"}
"""Names the first design had for what rules read."""
_STEP = re.compile(r"""\.([^.\[\]"'\s]+)|\[(-?\d{1,9})\]|\[("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\]""")
_HEADER = re.compile(r"""\.[^\[\]"'\s]+""")
_POSITION = re.compile(r"-?\d{1,9}")


class FieldFault(ValueError):
    """A name that is no field."""


def read_field(name: object) -> Path:
    """The path of `headers.x-team`, `body.messages.0.role`, `body.messages[0].role`, `body["new"]`.

    A name below the body that the table does not know is read as untyped, as if in brackets. Raises FieldFault.
    """
    if not isinstance(name, str) or not name:
        raise FieldFault("a field is text such as `headers.x-team` or `body.temperature`")
    root = re.match(r"[A-Za-z_]\w*", name, re.ASCII)
    spelled = "" if root is None else _ROOTS.get(root[0], root[0])
    if root is None or spelled not in RULES.root.children:
        raise FieldFault(
            f"there is no field `{name[:100]}`; fields begin with {', '.join(RULES.root.children)}"
        )
    rest = name[root.end() :]
    if spelled == "headers":
        return Path(spelled, (_header(name, rest),), span=_NOWHERE)
    steps: list[Step] = []
    field = RULES.root.children[spelled]
    while rest:
        match = _STEP.match(rest)
        if match is None:
            raise FieldFault(f"`{name[:100]}` cannot be read as a field from `{rest[:20]}` on")
        step = _step(match, field, spelled == "body")
        field = _below(field, step)
        steps.append(step)
        rest = rest[match.end() :]
    return Path(spelled, tuple(steps), span=_NOWHERE)


def spell_field(path: Path) -> str:
    """The spelling that `read_field` takes back to the same path, dotted where it can be."""
    dotted = path.root + "".join(
        f"[{step.key}]" if isinstance(step.key, int) else f".{step.key}" for step in path.steps
    )
    try:
        if read_field(dotted).steps == path.steps:
            return dotted
    except FieldFault:
        pass
    return inline(path)


def body_field(*keys: str) -> Path:
    """The path of names below the body; those that the table does not know go in brackets."""
    field, steps = RULES.root.children["body"], []
    for key in keys:
        step = Step(key, _bracketed(key, field))
        field = _below(field, step)
        steps.append(step)
    return Path("body", tuple(steps), span=_NOWHERE)


def _header(name: str, rest: str) -> Step:
    """All that follows is the name: dots are allowed in it."""
    match = _STEP.fullmatch(rest)
    if match is not None and match[3] is not None:
        return Step(_string(match[3]).lower(), bracket=True)
    key = rest[1:].lower()
    if not _HEADER.fullmatch(rest):
        raise FieldFault(f"`{name[:100]}` names no header")
    return Step(key, bracket=not is_name(key))


def _step(match: re.Match[str], field: Field, untyped: bool) -> Step:
    key, position, quoted = match.groups()
    if position is not None:
        return Step(int(position))
    if quoted is not None:
        return Step(_string(quoted), bracket=True)
    if field.holds("list") and _POSITION.fullmatch(key):
        return Step(int(key))
    return Step(key, bracket=_bracketed(key, field) if untyped else not is_name(key))


def _bracketed(key: str, field: Field) -> bool:
    """The name is not in the table, or cannot stand behind a dot."""
    known = key in field.children or field.wildcard is not None
    return not known or not is_name(key)


def _below(field: Field, step: Step) -> Field:
    if isinstance(step.key, int):
        return field.element or ANY
    if step.bracket and field.wildcard is None:
        return ANY
    return field.children.get(step.key) or field.wildcard or ANY


def _string(quoted: str) -> str:
    value, fault = read_string(quoted, (0, len(quoted)))
    if fault is not None:
        raise FieldFault(f"`{quoted[:100]}` is no text: {fault.message}")
    return value
