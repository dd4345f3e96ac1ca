"""LiteLLM's tags: a deployment with tags takes the requests that carry one of them. The settings are YAML or JSON."""

import msgspec

from app.common.yaml_text import YamlError, read
from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.importers.converted import (
    NOWHERE,
    Converted,
    Report,
    call,
    compare,
    const,
    joined,
    member,
    negated,
    path,
)

MAX_DEPLOYMENTS = 200
"""Fewer than `MAX_RULES`, since the rule of a default names the tags of all others."""
_DEFAULT = "default"
_AGENT = "User-Agent:"
_HEADER = call("values", path("headers", "x-litellm-tags"))
_BODY = (
    tree.Path("body", (tree.Step("tags", bracket=True),), span=NOWHERE),
    tree.Path("body", (tree.Step("metadata", bracket=True), tree.Step("tags")), span=NOWHERE),
)
_SOURCES: tuple[Node, ...] = (path("api_key", "tags"), _HEADER, *_BODY)
"""Where a request's tags come from; those of the key have to be stored as tags of ours."""


class _Deployment(msgspec.Struct, frozen=True):
    pointer: str
    name: str
    target: str
    tags: tuple[str, ...]
    patterns: tuple[str, ...]


def convert(source: object) -> Converted:
    """One rule for each deployment of `model_list`, in its order, named after its model."""
    report = Report()
    if isinstance(source, str):
        try:
            source = read(source).value
        except YamlError as error:
            report.note("", "the source", f"it cannot be read: {error}")
            return report.done()
    rows = source.get("model_list") if isinstance(source, dict) else None
    if not isinstance(source, dict) or not isinstance(rows, list):
        report.note("/model_list", "the source", "there is no `model_list` in it")
        return report.done()
    if report.too_many("/model_list", len(rows), MAX_DEPLOYMENTS):
        return report.done()
    settings = source.get("router_settings")
    settings = settings if isinstance(settings, dict) else {}
    if not settings.get("enable_tag_filtering"):
        why = "it is not switched on there, so tags decide nothing; the rules follow the tags all the same"
        report.note("/router_settings/enable_tag_filtering", "tag filtering", why)
    match_any = settings.get("tag_filtering_match_any", True) is not False
    found = [made for index, row in enumerate(rows) if (made := _deployment(report, row, index)) is not None]
    for one in found:
        _rule(report, one, [other for other in found if other.name == one.name], match_any)
    if any(one.tags for one in found):
        report.note("/model_list", "tags of keys and teams", "store them as tags of the API keys")
    return report.done()


def _deployment(report: Report, row: object, index: int) -> _Deployment | None:
    pointer = f"/model_list/{index}"
    parameters = row.get("litellm_params") if isinstance(row, dict) else None
    if (
        not isinstance(row, dict)
        or not isinstance(parameters, dict)
        or not isinstance(row.get("model_name"), str)
    ):
        report.note(pointer, "a deployment", "it has no `model_name` and `litellm_params`")
        return None
    details = row.get("model_info")
    names = (details.get("id") if isinstance(details, dict) else None, parameters.get("model"))
    target = next((name for name in names if isinstance(name, str)), "")
    lists: dict[str, tuple[str, ...]] = {}
    for key in ("tags", "tag_regex"):
        values = parameters.get(key) or []
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            report.note(f"{pointer}/litellm_params/{key}", key, "a list of texts was expected")
            return None
        lists[key] = tuple(values)
    return _Deployment(pointer, row["model_name"], target, lists["tags"], lists["tag_regex"])


def _rule(report: Report, one: _Deployment, all_of_model: list[_Deployment], match_any: bool) -> None:
    """Tags first; the default takes what carries no tag of any deployment; without a default, all take what carries
    no tag at all."""
    tagged = [other for other in all_of_model if other.tags or other.patterns]
    if not tagged:
        report.add(one.pointer, one.name, one.target, None)
        return
    parts: list[Node] = []
    own = [tag for tag in one.tags if tag != _DEFAULT]
    if own:
        parts += _carries(own, match_any)
    for index, pattern in enumerate(one.patterns):
        test = _pattern(pattern)
        if test is None:
            where = f"{one.pointer}/litellm_params/tag_regex/{index}"
            report.note(where, pattern, "only patterns of `User-Agent: ` are read")
            return
        parts.append(test)
    if _DEFAULT in one.tags:
        parts.append(_none_of(report, one, [other for other in tagged if other is not one], match_any))
    elif not any(_DEFAULT in other.tags for other in tagged):
        parts.append(_untagged())
    if not parts:
        report.note(
            one.pointer, one.target or one.name, "it has no tags, so the default always goes before it"
        )
        return
    report.add(one.pointer, one.name, one.target, joined(tree.Or, parts))


def _carries(tags: list[str], match_any: bool) -> list[Node]:
    """The request has one of the tags; or, the other way to match, has tags and none but these."""
    if match_any and len(tags) == 1:
        tests: list[Node] = [compare(source, "contains", const(tags[0])) for source in _SOURCES[:2]]
        return [*tests, *(_quantified("any", source, tags) for source in _BODY)]
    if match_any:
        return [_quantified("any", source, tags) for source in _SOURCES]
    return [
        joined(tree.And, [_quantified("any", source, tags), _quantified("all", source, tags)])
        for source in _SOURCES
    ]


def _quantified(kind: str, source: Node, tags: list[str]) -> Node:
    element = tree.Elem((), span=NOWHERE)
    return tree.Quant(kind, source, member(element, [const(tag) for tag in tags]), span=NOWHERE)


def _none_of(report: Report, one: _Deployment, others: list[_Deployment], match_any: bool) -> Node:
    """No other deployment takes the request by its tags."""
    if not match_any:
        why = "taken as: the request carries no tag of another deployment"
        report.note(one.pointer, _DEFAULT, why)
    tags = list(dict.fromkeys(tag for other in others for tag in other.tags if tag != _DEFAULT))
    parts: list[Node] = [_quantified("none", source, tags) for source in _SOURCES] if tags else []
    tests = [_pattern(pattern) for other in others for pattern in other.patterns]
    parts += [negated(test) for test in tests if test is not None]
    return joined(tree.And, parts) if parts else const(True)


def _untagged() -> Node:
    tests: list[Node] = [compare(call("len", _SOURCES[0]), "==", const(0))]
    tests += [negated(call("exists", source)) for source in (path("headers", "x-litellm-tags"), *_BODY)]
    return joined(tree.And, tests)


def _pattern(pattern: str) -> Node | None:
    """`^User-Agent: claude` is looked for in a line of that header; None where the pattern is for something else."""
    rest = pattern.removeprefix("^")
    if not rest.startswith(_AGENT):
        return None
    rest = rest.removeprefix(_AGENT).removeprefix(r"\s*").lstrip(" ")
    return compare(path("headers", "user-agent"), "matches", const(f"^{rest}"))
