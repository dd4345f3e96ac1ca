"""What the pretend provider answers, before any dialect: an echo, or a tool call. Same prompt, same reply."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

Json = dict[str, Any]


class BadRequest(Exception):
    """The request lacks something a real provider insists on. The text is for the client; `param` names the field."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class Tool(msgspec.Struct, frozen=True):
    """A tool the client offers; `schema` is the JSON schema of its arguments."""

    name: str
    schema: Json


class Prompt(msgspec.Struct, frozen=True):
    """One request, whatever its dialect."""

    model: str
    texts: tuple[str, ...]
    """Every text in it, for the token count."""
    last: str
    """The text of the last message."""
    max_tokens: int | None = None
    tools: tuple[Tool, ...] = ()
    forced: str | None = None
    """Name of a tool that has to be called; empty: any of them."""
    tools_allowed: bool = True
    """False: no tool may be called, or the last message is a tool's result."""
    include_usage: bool = False
    """OpenAI's `stream_options.include_usage`."""


class Reply(msgspec.Struct, frozen=True):
    """The answer: `pieces` of text, or arguments for `tool`, in the portions a stream sends."""

    id: str
    model: str
    pieces: tuple[str, ...]
    tool: str | None
    arguments: Any
    """The arguments for `tool`, whole."""
    cut: bool
    """`max_tokens` ended it."""
    input_tokens: int
    include_usage: bool

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def output_tokens(self) -> int:
        return len(self.pieces)


def compose(prompt: Prompt) -> Reply:
    """The reply to a prompt: `You said: ...`, or a call of the tool that is forced or named in the last message."""
    tool = _called(prompt)
    arguments = sample(tool.schema) if tool else None
    if tool:
        text = msgspec.json.encode(arguments).decode()
    else:
        text = f"You said: {prompt.last}" if prompt.last else "You said nothing."
    pieces = re.findall(r"\s*\S+\s*$|\s*\S+", text)
    kept = pieces[: prompt.max_tokens]
    digest = hashlib.sha256("\0".join((prompt.model, *prompt.texts)).encode("utf-8", "replace")).hexdigest()
    return Reply(
        id=digest[:24],
        model=prompt.model,
        pieces=tuple(kept),
        tool=tool.name if tool else None,
        arguments=arguments,
        cut=len(kept) < len(pieces),
        input_tokens=count_tokens(prompt.texts),
        include_usage=prompt.include_usage,
    )


def count_tokens(texts: Sequence[str]) -> int:
    """One token for every four characters begun, and three for each text around it."""
    return sum(3 + -(-len(text) // 4) for text in texts)


def sample(schema: Mapping[str, Any], depth: int = 0) -> Any:
    """A value that fits a JSON schema, as far as `type`, `enum`, `const`, `items` and `properties` say."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        fields = schema.get("properties", {}) if depth < 8 else {}
        return {name: sample(field, depth + 1) for name, field in fields.items()}
    if kind == "array":
        return [sample(schema.get("items", {}), depth + 1)] if depth < 8 else []
    values: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}
    return values.get(kind, "example")


def plain_text(content: Any) -> str:
    """The text of a message's `content`: a string, or the text parts of a list, one a line."""
    if isinstance(content, str):
        return content
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return "\n".join(str(part["text"]) for part in parts if "text" in part)


def _called(prompt: Prompt) -> Tool | None:
    if not prompt.tools_allowed:
        return None
    if prompt.forced is not None:
        return next((tool for tool in prompt.tools if prompt.forced in ("", tool.name)), None)
    return next((tool for tool in prompt.tools if tool.name in prompt.last), None)
