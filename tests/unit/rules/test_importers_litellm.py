"""LiteLLM's tags: the rules choose as the tags do there."""

from typing import Any

import pytest

from app.rules.engine import predicate
from app.rules.importers import litellm
from app.rules.importers.converted import Converted
from tests.unit.rules.builders import facts
from tests.unit.rules.test_importers import noted, texts

_SETTINGS = """
model_list:
  - model_name: gpt
    litellm_params: {model: openai/free, api_key: secret-of-the-settings, tags: [free]}
  - model_name: gpt
    litellm_params:
      model: openai/paid
      tags: [paid, pro]
      tag_regex: ['^User-Agent: .*claude-code\\/']
    model_info: {id: paid-one}
  - model_name: gpt
    litellm_params: {model: openai/rest, tags: [default]}
  - model_name: gpt
    litellm_params: {model: openai/never}
  - model_name: other
    litellm_params: {model: openai/other}
router_settings: {enable_tag_filtering: true}
"""


def _chosen(found: Converted, **changes: Any) -> list[str]:
    request = facts(**changes)
    return [rule.target for rule in found.rules if rule.name == "gpt" and predicate(rule.text)(request)]


def test_litellm_tags_choose_as_they_do_there() -> None:
    found = litellm.convert(_SETTINGS)
    texts(found)
    key = {"id": 1, "name": "k", "tags": ["pro"], "metadata": {}}

    assert _chosen(found, headers=[["x-litellm-tags", "free, mine"]]) == ["openai/free"]
    assert _chosen(found, body={"tags": ["pro", "x"]}) == ["paid-one"]
    assert _chosen(found, body={"metadata": {"tags": ["free"]}}) == ["openai/free"]
    assert _chosen(found, api_key=key) == ["paid-one"]
    assert _chosen(found, headers=[["user-agent", "claude-code/1.0"]]) == ["paid-one"]
    assert _chosen(found) == ["openai/rest"]
    assert _chosen(found, body={"tags": ["unknown"]}) == ["openai/rest"]
    assert [rule.text for rule in found.rules if rule.name == "other"] == [""]
    assert noted(found) == ["/model_list/3|openai/never", "/model_list|tags of keys and teams"]
    assert "secret-of-the-settings" not in repr(found)


def test_litellm_without_default_leaves_untagged_requests_to_all() -> None:
    untagged = {"id": 1, "name": "k", "tags": [], "metadata": {}}
    rows = [
        {"model_name": "gpt", "litellm_params": {"model": "a", "tags": ["x"]}},
        {"model_name": "gpt", "litellm_params": {"model": "b"}},
    ]
    found = litellm.convert({"model_list": rows, "router_settings": {"enable_tag_filtering": True}})

    assert len(texts(found)) == 2
    assert _chosen(found, api_key=untagged) == ["a", "b"]
    assert _chosen(found, api_key=untagged, body={"tags": ["x"]}) == ["a"]


def test_litellm_can_demand_all_tags() -> None:
    rows = [
        {"model_name": "gpt", "litellm_params": {"model": "a", "tags": ["x", "y"]}},
        {"model_name": "gpt", "litellm_params": {"model": "b", "tags": ["default"]}},
    ]
    settings = {"enable_tag_filtering": True, "tag_filtering_match_any": False}
    found = litellm.convert({"model_list": rows, "router_settings": settings})
    texts(found)

    assert _chosen(found, body={"tags": ["x", "y"]}) == ["a"]
    assert _chosen(found, body={"tags": ["x", "z"]}) == []
    assert "/model_list/1|default" in noted(found)


@pytest.mark.parametrize(
    ("source", "note"),
    [
        ("a: [", "|the source"),
        ("a: &a [*a]", "|the source"),
        ("{" * 10_000, "|the source"),
        ("[]", "/model_list|the source"),
        ("model_list: [1]", "/model_list/0|a deployment"),
        (
            "model_list: [{model_name: m, litellm_params: {tags: [1]}}]",
            "/model_list/0/litellm_params/tags|tags",
        ),
        (
            "model_list: [{model_name: m, litellm_params: {tag_regex: ['^X-Team: a']}}]",
            "/model_list/0/litellm_params/tag_regex/0|^X-Team: a",
        ),
    ],
)
def test_litellm_faults(source: str, note: str) -> None:
    found = litellm.convert(source)

    assert not found.rules
    assert note in noted(found)


def test_litellm_tags_that_decide_nothing_are_told() -> None:
    found = litellm.convert({"model_list": []})

    assert noted(found) == ["/router_settings/enable_tag_filtering|tag filtering"]
