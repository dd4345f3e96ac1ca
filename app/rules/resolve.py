"""What a path names: its field, or why there is none. `check` asks; `fields` has the table."""

import msgspec

from app.rules.ast import Elem, Node, Path, Step
from app.rules.diagnostics import Code, Edit
from app.rules.fields import ANY, BROKEN, Field, near
from app.rules.habits import OURS
from app.rules.report import Report, in_words

_RESERVED = ("let", "if")
_OUTPUT = ("output_tokens", "completion_tokens")
_CONSTANTS = ("true", "false", "null")


def is_hole(node: Node) -> bool:
    """The parser put the node in the place of something that could not be read."""
    return isinstance(node, Path) and not node.root


def path(report: Report, node: Path) -> tuple[Path, Field]:
    """The path with header names in lower case, and its field; BROKEN after a fault."""
    if is_hole(node):
        return node, BROKEN
    field = report.vocabulary.root.children.get(node.root)
    if field is None:
        _unknown_root(report, node)
        return node, BROKEN
    if node.root == "headers":
        node = _header(report, node)
    field = _descend(report, node, field, node.steps)
    if field.kinds == {"map"} and (node.root != report.vocabulary.untyped or not node.steps):
        names = [*field.children, *(["x-name"] if field.wildcard else [])]
        message = f"`{report.source(node)}` is a group of fields; name one"
        report.error(
            Code.UNKNOWN_FIELD, node.span, message, f"for example `{report.source(node)}.{names[0]}`"
        )
        return node, BROKEN
    return node, field


def element(report: Report, node: Elem, field: Field | None) -> Field:
    """The field of `.name`, where `field` is the current element; None outside a quantifier."""
    if field is None:
        message = f"`{report.source(node)}` stands for an element, and there is no list around it"
        report.error(
            Code.DOT_OUTSIDE, node.span, message, "use it inside `any(list, ...)`, `all`, `none` or `count`"
        )
        return BROKEN
    return _descend(report, node, field, node.steps)


def _header(report: Report, node: Path) -> Path:
    """Header names do not depend on case (RFC 9110 part 5.1)."""
    if not node.steps or not isinstance(node.steps[0].key, str):
        return node
    name = node.steps[0].key.lower()
    if name in report.vocabulary.unreadable:
        message = f"{report.vocabulary.noun}s cannot read the header `{name}`: it carries credentials"
        report.error(
            Code.UNREADABLE_HEADER, node.span, message, "use `api_key.id`, `api_key.name` or `api_key.tags`"
        )
    return msgspec.structs.replace(node, steps=(Step(name, node.steps[0].bracket), *node.steps[1:]))


def _descend(report: Report, node: Path | Elem, field: Field, steps: tuple[Step, ...]) -> Field:
    spelled = node.root if isinstance(node, Path) else ""
    untyped = not isinstance(node, Path) or node.root == report.vocabulary.untyped
    optional = field.optional
    for step in steps:
        if isinstance(step.key, int):
            below = (field.element or ANY) if field.holds("list") else None
            spelled_step = f"[{step.key}]"
            optional = True
        else:
            below = ANY if untyped and step.bracket and not field.wildcard else field.children.get(step.key)
            below = below or field.wildcard
            spelled_step = f".{step.key}"
        if below is None:
            _unknown(report, node, field, spelled, step)
            return BROKEN
        field, spelled = below, spelled + spelled_step
        optional = optional or field.optional
    return field if optional == field.optional else msgspec.structs.replace(field, optional=optional)


def _unknown_root(report: Report, node: Path) -> None:
    name, span = node.root, (node.span[0], node.span[0] + len(node.root))
    root, untyped = report.vocabulary.root, report.vocabulary.untyped
    message = f"unknown field `{name}`"
    if name in _RESERVED:
        report.error(Code.UNKNOWN_FIELD, span, f"`{name}` is reserved for later versions")
    elif OURS.get(name) in _CONSTANTS and not node.steps:
        ours = OURS[name]
        report.error(
            Code.FOREIGN_SPELLING, span, f"`{name}` is no value here", f"use `{ours}`", Edit(span, ours)
        )
    elif untyped is not None and name in root.children[untyped].children:
        ours = f"{untyped}.{name}"
        report.error(Code.UNKNOWN_FIELD, span, message, f"did you mean `{ours}`?", Edit(span, ours))
    elif name in report.vocabulary.reasons:
        report.error(Code.UNKNOWN_FIELD, span, message, report.vocabulary.reasons[name])
    elif (meant := report.vocabulary.instead.get(name) or near(name, root.children)) is not None:
        report.error(Code.UNKNOWN_FIELD, span, message, f"did you mean `{meant}`?", Edit(span, meant))
    else:
        roots = ", ".join(f"`{known}`" for known in root.children)
        report.error(Code.UNKNOWN_FIELD, span, message, f"fields begin with {roots}")


def _unknown(report: Report, node: Path | Elem, field: Field, spelled: str, step: Step) -> None:
    """Report the step that leads nowhere."""
    shown, name = spelled or ".", step.key
    if isinstance(name, int):
        message = f"`{shown}` is {in_words(field.type)}, so it has no positions"
        report.error(Code.NOT_A_LIST, node.span, message)
        return
    element = field.element
    if element is not None and (name in element.children or element is ANY):
        _list(report, node, shown, name)
    elif spelled == "token_usage" and name in _OUTPUT:
        message = "output tokens are not known when a provider is chosen"
        report.error(Code.OUTPUT_USAGE, node.span, message, "use `token_usage.max_output_tokens`")
    elif field.children:
        _misspelled(report, node, field, spelled, name)
    elif field.kinds == {"header"}:
        report.error(Code.UNKNOWN_FIELD, node.span, f"`{shown}` is text; nothing is below it")
    else:
        message = f"`{shown}` is {in_words(field.type)}, so it has no `{name}`"
        whole = report.source(node) == f"{spelled}.{name}"
        ours = (
            f"len({spelled})"
            if whole and OURS.get(name) == "len" and "len" in report.vocabulary.functions
            else None
        )
        way = () if ours is None else (f"use `{ours}`", Edit(node.span, ours))
        report.error(Code.UNKNOWN_FIELD, node.span, message, *way)


def _list(report: Report, node: Path | Elem, shown: str, name: str) -> None:
    """A field of the elements, asked of the list."""
    ours, edit = f"any({shown}, .{name} ...)", None
    around = report.around
    if around is not None and around[0] == node.span[0] and report.source(node).startswith(f"{shown}."):
        ours = f"any({shown}, {report.text[node.span[0] + len(shown) : around[1]]})"
        edit = Edit(around, ours)
    message = f"`{shown}` is a list; its elements have `{name}`"
    hint = f"use `{ours}`, or `{shown}[0].{name}` for the first"
    report.error(Code.IS_A_LIST, node.span, message, hint, edit)


def _misspelled(report: Report, node: Path | Elem, field: Field, spelled: str, name: str) -> None:
    message = f"unknown field `{spelled}.{name}`"
    meant = near(name, field.children)
    if meant is not None:
        edit = None
        if report.source(node) == f"{spelled}.{name}":
            edit = Edit(node.span, f"{spelled}.{meant}")
        report.error(Code.UNKNOWN_FIELD, node.span, message, f"did you mean `{spelled}.{meant}`?", edit)
    elif isinstance(node, Path) and node.root != report.vocabulary.untyped:
        names = ", ".join(f"`{spelled}.{child}`" for child in field.children)
        report.error(Code.UNKNOWN_FIELD, node.span, message, f"known are {names}")
    elif report.vocabulary.untyped is None:
        report.error(Code.UNKNOWN_FIELD, node.span, message)
    else:
        hint = f'a field that the table does not know goes in brackets: `{spelled or "."}["{name}"]`'
        report.error(Code.UNKNOWN_FIELD, node.span, message, hint)
