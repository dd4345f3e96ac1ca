"""Requests for the fields that hide how protocols differ: messages, texts, images, tools and output limits.

Each witness is a piece of a real body, so that what is read of it is what the gateway would read.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from app.rules.analysis.footprint import Place
from app.rules.analysis.regions import numbers
from app.rules.analysis.witnesses import any_json, counts, product, texts
from app.rules.values import MISSING

CONVERSATION: Final = ("message_count", "last_user_text", "system_text", "has_images")
"""Derived fields, and below the members of bodies they come from."""
CONVERSATION_MEMBERS: Final = ("messages", "input", "prompt", "system", "instructions")
TOOL_MEMBERS: Final = ("tools", "functions")
LIMIT_MEMBERS: Final = ("max_completion_tokens", "max_tokens", "max_output_tokens")

_MOST = 150
"""Conversations for each endpoint."""
_MOST_MESSAGES = 60
_IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/image.png"}}
_TOOL = {"type": "function", "function": {"name": "example"}}

Members = dict[str, Any]


def conversations(
    places: Mapping[str, Place], endpoints: Sequence[str]
) -> Iterator[tuple[str, Members, bool]]:
    """Endpoint, members of the body, and whether they are of the types they should have."""
    system, user = places.get("system_text"), places.get("last_user_text")
    count = places.get("message_count")
    choices: list[list[Any]] = [
        [None, *texts(user)] if user else ["Hello"],
        [None, *texts(system)] if system else [None],
        [None, *(size for size in counts(count) if size <= _MOST_MESSAGES)] if count else [None],
        [False, True] if "has_images" in places else [False],
    ]
    direct = {
        name: any_json(places[f"body.{name}"]) for name in CONVERSATION_MEMBERS if f"body.{name}" in places
    }
    for endpoint in endpoints:
        yield endpoint, {}, True
        for said, told, size, image in product(choices, _MOST):
            made = _body(endpoint, said, told, size, image)
            if made is not None:
                yield endpoint, made, True
        for chosen in product(list(direct.values()), _MOST) if direct else ():
            members = {
                name: value for name, (value, _) in zip(direct, chosen, strict=True) if value is not MISSING
            }
            yield endpoint, members, all(proper for _, proper in chosen)


def _body(
    endpoint: str, user: str | None, system: str | None, size: int | None, image: bool
) -> Members | None:
    """A body with these texts and so many messages; None where there is none."""
    if endpoint in ("completions", "embeddings"):
        if system is not None or size is not None or image or user is None:
            return None
        return {"prompt" if endpoint == "completions" else "input": user}
    members: Members = {}
    messages: list[dict[str, Any]] = []
    if system is not None and endpoint == "chat/completions":
        messages.append({"role": "system", "content": system})
    elif system is not None:
        members["instructions" if endpoint == "responses" else "system"] = system
    if user is not None:
        messages.append({"role": "user", "content": user})
    if image:
        content: list[Any] = [_IMAGE] if user is None else [{"type": "text", "text": user}, _IMAGE]
        messages[-1:] = [*(messages[-1:] if user is None else []), {"role": "user", "content": content}]
    if size is not None:
        if size < len(messages):
            return None
        messages = [{"role": "assistant", "content": "..."}] * (size - len(messages)) + messages
    if messages or size == 0:
        members["input" if endpoint == "responses" else "messages"] = messages
    return members


def tools(places: Mapping[str, Place]) -> Iterator[tuple[Members, bool]]:
    """With and without tools, in each of the two members there are for them."""
    lists = []
    for name in TOOL_MEMBERS:
        place = places.get(f"body.{name}")
        made = [(MISSING, True), ([_TOOL], True), ([], True)]
        lists.append(made if place is None else [*made, *any_json(place)])
    for chosen in product(lists, _MOST * 4):
        members = zip(TOOL_MEMBERS, chosen, strict=True)
        yield (
            {name: value for name, (value, _) in members if value is not MISSING},
            all(proper for _, proper in chosen),
        )


def limits(places: Mapping[str, Place]) -> Iterator[tuple[Any, Members, bool]]:
    """Input tokens, and members that limit the output."""
    bounds: dict[int | float, None] = {}
    for place in places.values():
        bounds.update(place.numbers)
    for place in places.values():
        place.numbers = bounds
    names = [name for name in LIMIT_MEMBERS if f"body.{name}" in places]
    lists: list[list[tuple[Any, bool]]] = [[(MISSING, True)]]
    if "input_tokens" in places or "total_tokens" in places:
        lists[0] += [(number, True) for number in numbers(bounds, whole=True, least=0)]
    lists += [any_json(places[f"body.{name}"]) for name in names]
    if not names:
        names = ["max_tokens"]
        lists.append([(MISSING, True), *((number, True) for number in numbers(bounds))])
    for (tokens, _), *chosen in product(lists, _MOST * 8):
        members = zip(names, chosen, strict=True)
        yield (
            tokens,
            {name: value for name, (value, _) in members if value is not MISSING},
            all(proper for _, proper in chosen),
        )
