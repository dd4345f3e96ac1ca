"""Text and images of messages, the same for OpenAI and Anthropic bodies. `context` next door keeps the results."""

from collections.abc import Iterator
from typing import Any

from app.rules.values import MISSING, Value

MESSAGES = {
    "chat/completions": "messages",
    "messages": "messages",
    "messages/count_tokens": "messages",
    "responses": "input",
}
"""Where each endpoint has its messages; the others have none."""
_PROMPTS = {"completions": "prompt", "embeddings": "input"}
_IMAGES = ("image_url", "image", "input_image")
_SYSTEM_ROLES = ("system", "developer")


def text(value: Value) -> Value:
    """The text of a message, of a part, or of a list of parts (joined by line feeds); MISSING when there is none."""
    if isinstance(value, dict):
        own = value.get("text")
        if isinstance(own, str):
            return own
        value = value.get("content", value.get("output"))
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        found = [own for part in value if (own := _own(part)) is not None]
        return "\n".join(found) if found else MISSING
    return MISSING


def _own(part: Any) -> str | None:
    if isinstance(part, dict):
        part = part.get("text")
    return part if isinstance(part, str) else None


def messages(body: dict[str, Any], endpoint: str) -> list[Any] | None:
    """The messages, oldest first; None where the request has none. A plain text is one message of the user."""
    found = body.get(MESSAGES.get(endpoint, ""))
    if isinstance(found, str):
        return [{"role": "user", "content": found}]
    return found if isinstance(found, list) else None


def last_user_text(body: dict[str, Any], endpoint: str) -> Value:
    """The text of the last user message that has any; where there are no messages, the last prompt or input."""
    found = messages(body, endpoint)
    if found is None:
        prompt = body.get(_PROMPTS.get(endpoint, ""))
        if isinstance(prompt, list) and prompt:
            prompt = prompt[-1]
        return prompt if isinstance(prompt, str) else MISSING
    for message in reversed(found):
        if isinstance(message, dict) and message.get("role") == "user":
            own = text(message)
            if own is not MISSING:
                return own
    return MISSING


def system_text(body: dict[str, Any], endpoint: str) -> Value:
    """`instructions`, `system`, and all system and developer messages, joined by line feeds."""
    parts = [text(body.get(name)) for name in ("instructions", "system")]
    parts += [
        text(message)
        for message in messages(body, endpoint) or ()
        if isinstance(message, dict) and message.get("role") in _SYSTEM_ROLES
    ]
    found = [part for part in parts if part is not MISSING]
    return "\n".join(found) if found else MISSING


def has_tools(body: dict[str, Any]) -> bool:
    return any(isinstance(body.get(name), list) and len(body[name]) > 0 for name in ("tools", "functions"))


def has_images(body: dict[str, Any], endpoint: str) -> bool:
    return any(_is_image(part) for message in messages(body, endpoint) or () for part in _parts(message))


def _parts(message: Any) -> Iterator[Any]:
    """The parts of a message, and those of the tool results among them."""
    for part in _list(message, "content"):
        yield part
        yield from _list(part, "content")
    yield from _list(message, "output")


def _list(value: Any, name: str) -> list[Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _is_image(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in _IMAGES
