"""What rules can see of one request. Making one costs next to nothing; whatever costs is worked out when first read."""

from collections.abc import Callable
from typing import Any

import msgspec

from app.domain.api_key import ApiKey
from app.rules import content
from app.rules.members import Members, members
from app.rules.networks import Address, read_address, spell
from app.rules.values import MISSING, Value

LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


class Facts:
    """One request, read-only but for `input_tokens`.

    `header_lines` are the raw lines with names in lower case, `now` is seconds since the epoch. The lazy attributes
    start unset: the first read goes through `__getattr__`, which sets them; later reads cost a plain slot.
    """

    __slots__ = (
        "address",
        "api_key",
        "body",
        "client_ip",
        "endpoint",
        "has_images",
        "has_tools",
        "header_lines",
        "headers",
        "input_tokens",
        "ip",
        "last_user_text",
        "max_output_tokens",
        "members",
        "message_count",
        "model",
        "now",
        "raw_body",
        "stream",
        "system_text",
    )

    input_tokens: int | None
    """Counted by the gateway before a rule set that `needs_tokens` chooses; None is missing."""
    headers: dict[bytes, bytes]
    """Lazy. Several lines of one name are joined by ", " (RFC 9110 part 5.3)."""
    body: Members
    """Lazy. Empty where the body is no JSON object."""
    address: Address | None
    """Lazy: `client_ip` as a number."""
    ip: Value
    """Lazy: `client_ip` in its usual spelling."""
    has_tools: bool
    has_images: bool
    message_count: Value
    last_user_text: Value
    system_text: Value
    max_output_tokens: Value

    def __init__(
        self,
        body: bytes,
        headers: list[tuple[bytes, bytes]],
        endpoint: str,
        model: str,
        stream: bool,
        api_key: ApiKey | None,
        client_ip: str | None,
        now: float,
        members: dict[str, msgspec.Raw] | None = None,
    ) -> None:
        """:param members: the top level of the body where it has been split already."""
        self.raw_body = body
        self.members = members
        self.header_lines = headers
        self.endpoint = endpoint
        self.model = model
        self.stream = stream
        self.api_key = api_key
        self.client_ip = client_ip
        self.now = now
        self.input_tokens = None

    def __getattr__(self, name: str) -> Any:
        make = _LAZY.get(name)
        if make is None:
            raise AttributeError(name)
        value = make(self)
        setattr(self, name, value)
        return value

    @property
    def total_tokens(self) -> Value:
        """Input and output limit together, when both are known."""
        if self.input_tokens is None or self.max_output_tokens is MISSING:
            return MISSING
        return self.input_tokens + self.max_output_tokens


def header_text(value: bytes | None) -> Value:
    """A header's bytes as text: UTF-8, each byte that is none kept as a lone surrogate, so nothing is lost."""
    return MISSING if value is None else value.decode("utf-8", "surrogateescape")


def _headers(facts: Facts) -> dict[bytes, bytes]:
    found = dict(facts.header_lines)
    if len(found) < len(facts.header_lines):
        lines: dict[bytes, list[bytes]] = {}
        for name, value in facts.header_lines:
            lines.setdefault(name, []).append(value)
        found = {name: b", ".join(values) for name, values in lines.items()}
    return found


def _address(facts: Facts) -> Address | None:
    return None if facts.client_ip is None else read_address(facts.client_ip)


def _ip(facts: Facts) -> Value:
    return MISSING if facts.address is None else spell(facts.address)


def _message_count(facts: Facts) -> Value:
    found = content.messages(facts.body, facts.endpoint)
    return MISSING if found is None else len(found)


def _max_output_tokens(facts: Facts) -> Value:
    for name in LIMITS:
        value = facts.body.get(name)
        if type(value) is int or type(value) is float:
            return value
    return MISSING


_LAZY: dict[str, Callable[[Facts], Value]] = {
    "headers": _headers,
    "body": lambda facts: members(facts.raw_body, facts.members),
    "address": _address,
    "ip": _ip,
    "has_tools": lambda facts: content.has_tools(facts.body),
    "has_images": lambda facts: content.has_images(facts.body, facts.endpoint),
    "message_count": _message_count,
    "last_user_text": lambda facts: content.last_user_text(facts.body, facts.endpoint),
    "system_text": lambda facts: content.system_text(facts.body, facts.endpoint),
    "max_output_tokens": _max_output_tokens,
}
