"""How the parts of a request add up, with words for tokens. Real counts are in `tests/recorded/test_tokens.py`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.protocols.counting import (
    ANTHROPIC_IMAGE,
    BUILT_IN_TOOL,
    OPENAI_IMAGE,
    OTHER_MEDIA,
    TOOLS,
    Family,
    count_request,
)
from app.protocols.endpoints import ENDPOINTS


def words(text: str) -> int:
    return len(text.split())


def count(endpoint: str, request: Any, model: str = "gpt-4o") -> tuple[int, bool]:
    return count_request(endpoint, json.dumps(request).encode(), Family(model), words)


@pytest.mark.parametrize(
    ("model", "encoding", "base", "exact", "ratio"),
    [
        ("gpt-4o-mini", "o200k_base", 3, True, 1.0),
        ("gpt-4.1", "o200k_base", 3, True, 1.0),
        ("openai/gpt-5.2", "o200k_base", 2, True, 1.0),
        ("o3-mini", "o200k_base", 2, True, 1.0),
        ("gpt-4-turbo", "cl100k_base", 3, True, 1.0),
        ("ft:gpt-3.5-turbo:org", "cl100k_base", 3, True, 1.0),
        ("text-embedding-3-small", "cl100k_base", 3, True, 1.0),
        ("meta-llama/Llama-3", "o200k_base", 3, False, 1.0),
        ("", "o200k_base", 3, False, 1.0),
        ("claude-sonnet-4-5", "o200k_base", 3, False, 1.2),
        ("claude-opus-4-20250514", "o200k_base", 3, False, 1.2),
        ("claude-opus-4-6", "o200k_base", 3, False, 1.2),
        ("anthropic/claude-opus-4.8", "o200k_base", 3, False, 1.4),
        ("claude-opus-5", "o200k_base", 3, False, 1.4),
    ],
)
def test_families(model: str, encoding: str, base: int, exact: bool, ratio: float) -> None:
    family = Family(model)
    assert (family.encoding, family.base, family.exact, family.ratio) == (encoding, base, exact, ratio)


@pytest.mark.parametrize(
    ("model", "older"),
    [
        ("claude-3-5-haiku-latest", True),
        ("claude-sonnet-4-20250514", True),
        ("claude-sonnet-4-0", True),
        ("claude-opus-4-1-20250805", True),
        ("claude-sonnet-4-5-20250929", False),
        ("claude-opus-4-6", False),
    ],
)
def test_tools_of_claude(model: str, older: bool) -> None:
    assert Family(model).tools == (330 if older else 600)


def test_chat_messages() -> None:
    request = {
        "messages": [
            {"role": "system", "content": "a b c"},
            {"role": "user", "name": "eve", "content": [{"type": "text", "text": "d e"}]},
        ]
    }
    tokens = (3 + 1 + 3) + (3 + 1 + 2 + 1 + 1)
    assert count("chat/completions", request) == (3 + tokens, False)
    assert count("chat/completions", request, "gpt-5") == (2 + tokens, False)
    assert count("chat/completions", request, "llama") == (3 + tokens, True)


def test_chat_parts_that_can_only_be_guessed() -> None:
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:..."}}]}
    assert count("chat/completions", {"messages": [picture]}) == (3 + 4 + OPENAI_IMAGE, True)
    sound = {"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}
    assert count("chat/completions", {"messages": [sound]}) == (3 + 4 + OTHER_MEDIA, True)
    call = {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "x y"}}]}
    assert count("chat/completions", {"messages": [call]}) == (3 + 4 + 8 + 3, True)
    searching: dict[str, Any] = {"messages": [], "web_search_options": {}}
    assert count("chat/completions", searching) == (3, True)


def test_chat_functions() -> None:
    schema = {
        "type": "object",
        "properties": {
            "unit": {"type": "string", "description": "the unit.", "enum": ["c", "f"]},
            "at": {"type": "object", "properties": {"x": {"type": "number"}}},
        },
    }
    function = {"name": "f", "description": "looks up", "parameters": schema}
    properties = 3 + (3 + 2) + (-3 + 2 * (3 + 1)) + (3 + 1) + (3 + 3 + 1)
    expected = 3 + TOOLS + 7 + 2 + properties
    tools = [{"type": "function", "function": function}]
    assert count("chat/completions", {"messages": [], "tools": tools}) == (expected, True)
    assert count("chat/completions", {"messages": [], "functions": [function]}) == (expected, True)


def test_schemas_of_the_answer_count() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "a b"}}
    assert count("chat/completions", {"messages": [], "response_format": wanted}) == (3 + 2, True)
    assert count("responses", {"input": "x", "text": {"format": wanted}}) == (3 + 4 + 1 + 2, True)
    assert count("chat/completions", {"messages": [], "response_format": {"type": "json_object"}}) == (
        3,
        False,
    )


def test_responses() -> None:
    assert count("responses", {"input": "a b", "instructions": ""}) == (3 + 4 + 2, False)
    assert count("responses", {"input": "a b", "instructions": "c"}) == (3 + 4 + 2 + 4 + 1, False)
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "a b"}]},
        {"type": "function_call", "name": "f", "arguments": "x"},
        {"type": "function_call_output", "output": "y z"},
    ]
    assert count("responses", {"input": items}) == (3 + (3 + 1 + 2) + (3 + 4 + 1 + 4 + 1) + (3 + 4 + 2), True)
    assert count("responses", {"input": [], "tools": [{"type": "web_search"}]}) == (3 + BUILT_IN_TOOL, True)
    assert count("responses", {"input": [], "previous_response_id": "r"}) == (3, True)


@pytest.mark.parametrize("endpoint", ["completions", "embeddings"])
@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [("a b", 2), (["a b", "c"], 3), ([5, 6, 7], 3), ([[5, 6], [7]], 3), (None, 0), ([], 0)],
)
def test_prompts(endpoint: str, prompt: Any, tokens: int) -> None:
    name = "prompt" if endpoint == "completions" else "input"
    assert count(endpoint, {name: prompt}) == (tokens, False)


def test_messages() -> None:
    request: dict[str, Any] = {
        "system": [{"type": "text", "text": "a b c d e"}],
        "messages": [
            {"role": "user", "content": "a b c d e"},
            {"role": "assistant", "content": [{"type": "tool_use", "name": "f", "input": {"a": "b c d"}}]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "content": [{"type": "text", "text": "a"}]}],
            },
        ],
    }
    tokens = 1.2 * (5 + 5 + 1 + 3 + 1)
    for endpoint in ("messages", "messages/count_tokens"):
        assert count(endpoint, request, "claude-sonnet-4-5") == (24 + tokens, True)
    request["tools"] = [{"name": "f", "description": "d e f g"}]
    assert count("messages", request, "claude-sonnet-4-5") == (24 + tokens + 600 + 1.2 * 4 + 0.2, True)
    picture = {"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}
    assert count("messages", picture, "claude-sonnet-4-5") == (8 + ANTHROPIC_IMAGE, True)


_NAMES = [
    "messages",
    "input",
    "prompt",
    "tools",
    "content",
    "type",
    "function",
    "parameters",
    "properties",
    "enum",
]
_NAMES += ["items", "text", "system", "source", "image_url", "tool_calls", "name", "format"]
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(_NAMES),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=15,
)


@given(st.sampled_from([endpoint.name for endpoint in ENDPOINTS.values()]), _json)
def test_odd_requests_are_survived(endpoint: str, request: Any) -> None:
    tokens, _ = count(endpoint, request)
    assert isinstance(tokens, int)


def test_what_cannot_be_read_is_estimated_from_its_size() -> None:
    for body in (b"", b"[" * 100, b"\xff" * 100, b"[1]"):
        assert count_request("messages", body, Family("m"), words) == (-(-len(body) // 4), True)
