"""Token counts of request bodies, given something that counts text (`gateway/tokens.py` has it).

Formulas: OpenAI's published one for chat messages and the known one for functions, both checked against the usage in
recorded traffic; for Anthropic an estimate, since its tokenizer is not public.
"""

import math
import re
from collections.abc import Callable
from typing import Any

import msgspec

from app.common.errors import InvalidJson
from app.common.json import decode_object
from app.protocols.answer import objects

Count = Callable[[str], int]

OPENAI_IMAGE = 255
"""Tokens of a picture up to 512 pixels in high detail (85 + 170); the true size would have to be decoded."""
ANTHROPIC_IMAGE = 1600
"""Tokens of the largest picture that is not scaled down."""
OTHER_MEDIA = 1000
"""Audio, files: a guess."""
TOOLS = 12
"""Tokens a request with functions takes more, however many there are."""
BUILT_IN_TOOL = 500
"""A tool of the provider's own, before it brings in any result."""
BYTES_PER_TOKEN = 4
"""For what is too large or too odd to be counted."""

_O200K = ("gpt-4o", "gpt-4.1", "gpt-4.5")
_CL100K = ("gpt-4", "gpt-3.5", "gpt-35", "text-embedding-", "davinci-002", "babbage-002")
_REASONING = ("gpt-5", "o1", "o3", "o4")
_OLDER_CLAUDE = re.compile(r"claude-(2|3|instant|(opus|sonnet)-4(-1)?(-20\d{6}|-0|$))").search
_OPUS = re.compile(r"opus-(\d+)(?:[-.](\d{1,2}))?(?!\d)").search


class Family:
    """What a model's name says about counting. Prefixes such as `openai/` and `ft:` do not matter."""

    __slots__ = ("base", "encoding", "exact", "ratio", "tools")

    def __init__(self, model: str) -> None:
        name = model.lower().rsplit("/", 1)[-1].removeprefix("ft:")
        reasoning = name.startswith(_REASONING)
        self.encoding = (
            "cl100k_base" if name.startswith(_CL100K) and not name.startswith(_O200K) else "o200k_base"
        )
        self.exact = reasoning or name.startswith(_O200K + _CL100K)
        """The encoding is known to be this model's own."""
        self.base = 2 if reasoning else 3
        """Tokens of a chat request without any message."""
        self.ratio = 1.0
        """Tokens of this model to one of the encoding."""
        self.tools = TOOLS + 80 if reasoning else TOOLS
        """`TOOLS` of chat completions and messages."""
        if "claude" in name:
            version = _OPUS(name)
            newest = version is not None and (int(version[1]), int(version[2] or 0)) >= (4, 7)
            self.ratio = 1.4 if newest else 1.2
            self.tools = 330 if _OLDER_CLAUDE(name) else 600


class Tally:
    """A running count; `estimated` once a part of it was not exact."""

    __slots__ = ("_count", "estimated", "family", "total")

    total: float

    def __init__(self, family: Family, count: Count) -> None:
        self.family = family
        self.total = 0
        self.estimated = not family.exact
        self._count = count

    def text(self, text: Any) -> None:
        if text.__class__ is str and text:
            self.total += self.family.ratio * self._count(text)

    def guess(self, tokens: int) -> None:
        self.total += tokens
        self.estimated = True

    def json(self, value: Any) -> None:
        """The text of a JSON value without white space, as a guess."""
        self.text(msgspec.json.encode(value).decode())
        self.estimated = True


def count_request(endpoint: str, body: bytes, family: Family, count: Count) -> tuple[int, bool]:
    """Input tokens of a request body, and whether that is an estimate.

    :param endpoint: name of the route (`endpoints.py`).
    :param count: tokens of a text in the family's encoding.
    """
    tally = Tally(family, count)
    try:
        _COUNTERS[endpoint](tally, decode_object(body))
    except (InvalidJson, RecursionError):
        return estimate(len(body)), True
    return math.ceil(round(tally.total, 6)), tally.estimated


def estimate(size: int) -> int:
    """Tokens of so many bytes, as a guess."""
    return math.ceil(size / BYTES_PER_TOKEN)


def _chat(tally: Tally, request: dict[str, Any]) -> None:
    tally.total += tally.family.base
    for message in objects(request.get("messages")):
        tally.total += 3
        tally.text(message.get("role"))
        _content(tally, message.get("content"))
        if isinstance(message.get("name"), str):
            tally.total += 1
            tally.text(message["name"])
        calls = objects(message.get("tool_calls"))
        for call in calls + objects([{"function": message.get("function_call")}]):
            function = call.get("function")
            if isinstance(function, dict):
                tally.guess(8)
                tally.text(function.get("name"))
                tally.text(function.get("arguments"))
    functions = [tool.get("function") for tool in objects(request.get("tools"))]
    _functions(tally, objects(functions) + objects(request.get("functions")), tally.family.tools)
    if request.get("web_search_options") is not None:
        tally.estimated = True
    _schema_format(tally, request.get("response_format"))


def _responses(tally: Tally, request: dict[str, Any]) -> None:
    tally.total += tally.family.base
    if isinstance(request.get("instructions"), str) and request["instructions"]:
        tally.total += 4
        tally.text(request["instructions"])
    given = request.get("input")
    if isinstance(given, str):
        tally.total += 4
        tally.text(given)
    for item in objects(given):
        tally.total += 3
        tally.text(item.get("role"))
        _content(tally, item.get("content"))
        if item.get("type", "message") != "message" or item.get("role") == "assistant":
            tally.estimated = True
        for name in ("name", "arguments", "output"):
            if name in item:
                tally.total += 4
                _content(tally, item[name])
    tools = objects(request.get("tools"))
    _functions(tally, [tool for tool in tools if tool.get("type") == "function"], TOOLS)
    for tool in tools:
        if tool.get("type") != "function":
            tally.guess(BUILT_IN_TOOL)
    text = request.get("text")
    _schema_format(tally, text.get("format") if isinstance(text, dict) else None)
    if any(
        request.get(name) for name in ("previous_response_id", "conversation", "prompt", "context_management")
    ):
        tally.estimated = True  # more input, or less of it, lies with the provider


def _prompt(tally: Tally, request: dict[str, Any]) -> None:
    """Completions and embeddings: a text, token ids, or a list of either."""
    prompt = request.get("prompt", request.get("input"))
    for item in prompt if isinstance(prompt, list) else [prompt]:
        if isinstance(item, list):
            tally.total += len(item)
        elif isinstance(item, int):
            tally.total += 1
        else:
            tally.text(item)


def _messages(tally: Tally, request: dict[str, Any]) -> None:
    _blocks(tally, request.get("system"))
    for message in objects(request.get("messages")):
        tally.guess(8)
        _blocks(tally, message.get("content"))
    tools = request.get("tools")
    if isinstance(tools, list) and tools:
        tally.guess(tally.family.tools)
        tally.json(tools)


def _content(tally: Tally, content: Any) -> None:
    tally.text(content)
    for part in objects(content):
        kind = part.get("type")
        if isinstance(part.get("text"), str):
            tally.text(part["text"])
        elif isinstance(part.get("refusal"), str):
            tally.text(part["refusal"])
        else:
            tally.guess(OPENAI_IMAGE if kind in ("image_url", "input_image") else OTHER_MEDIA)


def _blocks(tally: Tally, content: Any) -> None:
    """Content blocks of Anthropic's; tool results hold blocks of their own."""
    tally.text(content)
    for block in objects(content):
        kind = block.get("type")
        if kind == "image":
            tally.guess(ANTHROPIC_IMAGE)
        elif kind == "tool_use":
            tally.text(block.get("name"))
            tally.json(block.get("input"))
        elif kind == "tool_result":
            tally.text(block.get("content"))
            for part in objects(block.get("content")):
                tally.text(part.get("text"))
                if part.get("type") == "image":
                    tally.guess(ANTHROPIC_IMAGE)
        elif kind == "document" and isinstance(block.get("source"), dict):
            tally.text(block["source"].get("data"))  # base64 of a PDF comes out too high: better than too low
        else:
            tally.text(block.get("text"))
            tally.text(block.get("thinking"))


def _functions(tally: Tally, functions: list[dict[str, Any]], together: int) -> None:
    if functions:
        tally.guess(together)
    for function in functions:
        tally.guess(7)
        description = function.get("description")
        tally.text(
            f"{function.get('name')}:{description if isinstance(description, str) else ''}".rstrip(".")
        )
        schemas = objects([function.get("parameters")])
        while schemas:
            schema = schemas.pop()
            properties = schema.get("properties")
            if isinstance(properties, dict) and properties:
                tally.total += 3
                for key, value in properties.items():
                    if isinstance(value, dict):
                        tally.total += 3
                        tally.text(f"{key}:{value.get('type')}:{value.get('description') or ''}".rstrip("."))
                        schemas.append(value)
            options = schema.get("enum")
            if isinstance(options, list) and options:
                tally.total -= 3
                for option in options:
                    tally.total += 3
                    tally.text(str(option))
            schemas += objects([schema.get("items")])


def _schema_format(tally: Tally, wanted: Any) -> None:
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        tally.json(wanted.get("json_schema", wanted))


_COUNTERS: dict[str, Callable[[Tally, dict[str, Any]], None]] = {
    "chat/completions": _chat,
    "completions": _prompt,
    "embeddings": _prompt,
    "responses": _responses,
    "messages": _messages,
    "messages/count_tokens": _messages,
}
