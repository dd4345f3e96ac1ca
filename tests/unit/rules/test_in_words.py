"""Rules in plain words: what they look like, and that nothing a rule says is lost."""

import pytest
from hypothesis import given, settings

from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.format import print_node
from app.rules.in_words import in_words
from app.rules.parser import parse
from app.rules.spelling import literal, visible
from app.rules.wordings import ENGLISH
from tests.unit.rules.strategies import rules
from tests.unit.rules.test_format import CORPUS, read
from tests.unit.rules.trees import trees

GOLDEN = [
    ("", "Every request passes."),
    (
        'headers.x-priority == "high" and body.temperature <= 0.5',
        'The header x-priority is "high", and the temperature is at most 0.5.',
    ),
    ('headers.X-Priority == "high"', 'The header x-priority is "high".'),
    ("headers[\"x-priority\"] == 'high'", 'The header x-priority is "high".'),
    ('headers.x-missing == "1"', 'The header x-missing is "1".'),
    ('headers.x-missing != "1"', 'The header x-missing is not "1" (or is missing).'),
    (
        'exists(headers.x-missing) and headers.x-missing != "1"',
        'The header x-missing is there, and the header x-missing is not "1".',
    ),
    (
        'body.messages[0].role == "system" and token_usage.input_tokens > 4000 and model matches "^gpt-4"',
        'The role of the first of the messages is "system", and the number of input tokens is more than 4000, and '
        'the model matches the pattern "^gpt-4".',
    ),
    (
        'body.messages[-1].content contains "summarize"',
        'The content of the last of the messages contains "summarize".',
    ),
    ('body.messages[99].role == "user"', 'The role of number 100 of the messages is "user".'),
    ('any(body.messages, .role == "tool")', 'For at least one of the messages, its role is "tool".'),
    (
        'all(body.messages, .role in ["system", "user", "assistant"])',
        'For each of the messages, its role is one of "system", "user" or "assistant".',
    ),
    (
        'none(body.messages, text(.) contains "password")',
        'For none of the messages, the text of the element contains "password".',
    ),
    (
        'count(body.messages, .role == "user") >= 5',
        'The number of the messages for which its role is "user" is at least 5.',
    ),
    (
        'any(body.messages, any(.content, .type == "image_url"))',
        'For at least one of the messages, for at least one of its content, its type is "image_url".',
    ),
    ('api_key.tags contains "beta"', '"beta" is one of the tags of the API key.'),
    (
        'any(api_key.tags, . matches "^be")',
        'For at least one of the tags of the API key, the element matches the pattern "^be".',
    ),
    (
        'api_key.name in ["batch", "eval"] or api_key.metadata.team == "search"',
        'The name of the API key is one of "batch" or "eval", or the team of the API key is "search".',
    ),
    ("api_key.id not in $vip_keys", "The id of the API key is not in the list $vip_keys."),
    ("body.temperature in 0.0..0.5", "The temperature is from 0.0 to 0.5."),
    ("client.ip in $office", "The address of the client is in the list $office."),
    ('client.ip in ["203.0.113.0/24"]', 'The address of the client lies in "203.0.113.0/24".'),
    ("not (body.temperature > 0.5)", "It is not so that the temperature is more than 0.5."),
    ("body.seed > 1", "The seed is more than 1."),
    ("body.stop == null", "The stop text is null."),
    (
        "stream and len(body.tools) > 2",
        "The client wants a stream, and the number of the tools is more than 2.",
    ),
    (
        'lower(headers.x-team) starts_with "sea" # canary team',
        'The header x-team in lower case starts with "sea".',
    ),
    ("number(headers.x-budget) >= 10", "The header x-budget as a number is at least 10."),
    (
        r'model matches r"^gpt-4(o|\.1)(-mini)?$" && !has_images',
        r'The model matches the pattern "^gpt-4(o|\.1)(-mini)?$", and no message holds an image.',
    ),
    (
        'bucket(api_key.id, "exp-7") < 10.0',
        'The bucket (0 to 100) of the id of the API key under "exp-7" is less than 10.0.',
    ),
]
"""The accepted rules of the specification."""


@pytest.mark.parametrize(("rule", "words"), GOLDEN)
def test_the_rules_of_the_specification(rule: str, words: str) -> None:
    assert in_words(rule) == words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("stream == false", "The client wants no stream."),
        ("stream != false", "The client wants a stream."),
        ("not exists(body.seed)", "The seed is missing."),
        ("true", "This is always true."),
        ('hour("Europe/Berlin") in 9..17', 'The hour of the day in "Europe/Berlin" is from 9 to 17.'),
        (
            'any(body.messages, .role == "a" or exists(.name))',
            'For at least one of the messages, (its role is "a" or its name is there).',
        ),
        (
            'body["new_one"].deep[-2] != 1',
            'Number 2 from the end of the deep of the body field "new_one" is not 1 (or is missing).',
        ),
    ],
)
def test_other_words(rule: str, words: str) -> None:
    assert in_words(rule) == words


def test_nested_conditions_are_a_list() -> None:
    rule = 'stream and (model == "a" or not (has_tools and exists(body.seed))) and not (has_images or body.n > 1)'

    assert in_words(rule).splitlines() == [
        "All of these are true:",
        "- the client wants a stream",
        "- at least one of these is true:",
        '  - the model is "a"',
        "  - at least one of these is false:",
        "    - the request offers tools",
        "    - the seed is there",
        "- none of these is true:",
        "  - a message holds an image",
        "  - the number of answers is more than 1",
    ]


def test_another_language_is_another_table() -> None:
    phrases = dict.fromkeys(ENGLISH, "") | {"always": "Alles passt."}

    assert in_words("# nothing", phrases) == "Alles passt."


def mention(root: Node | None, words: str) -> None:
    for node in () if root is None else tree.walk(root):
        found = [node] if isinstance(node, tree.Const) else []
        if isinstance(node, tree.Member) and isinstance(node.set, tree.ListSet):
            found += node.set.items
        if isinstance(node, tree.Member) and isinstance(node.set, tree.NamedSet):
            assert f"${node.set.name}" in words
        for item in found:
            if not isinstance(item.value, bool):  # `stream == true` is `the client wants a stream`
                shown = visible(item.value) if isinstance(item.value, str) else literal(item.value)
                assert shown.lower() in words.lower()


@pytest.mark.parametrize("text", CORPUS)
def test_every_value_of_the_corpus_is_mentioned(text: str) -> None:
    mention(parse(text).root, in_words(text))


@settings(deadline=None)
@given(rules())
def test_every_value_is_mentioned(text: str) -> None:
    words = in_words(text)
    mention(parse(text).root, words)
    assert words.strip()


@settings(deadline=None)
@given(trees)
def test_any_tree_has_words(node: Node) -> None:
    text = print_node(node)
    if read(text) is not None:
        mention(node, in_words(text))
