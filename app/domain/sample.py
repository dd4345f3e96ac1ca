"""A request as people write it down: for tests kept with a rule, explanations, and what an analysis shows."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Scalar = str | int | float | bool


class SampleKey(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What rules can see of an API key."""

    id: Annotated[int, Meta(description="Number of the key.")] = 0
    name: Annotated[str, Meta(description="Name of the key.")] = ""
    tags: Annotated[tuple[str, ...], Meta(description="Tags of the key.")] = ()
    metadata: Annotated[dict[str, Scalar], Meta(description="Metadata of the key by name.")] = {}


class Sample(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One request. Whatever is left out is missing; `rules.sample` makes Facts of it."""

    endpoint: Annotated[str, Meta(description="The route: its path without `/v1/`.")] = "chat/completions"
    headers: Annotated[
        dict[str, str | tuple[str, ...]],
        Meta(description="Headers by name, in any case; several lines of one name as a list."),
    ] = {}
    body: Annotated[
        dict[str, Any], Meta(description="The body. Its `model` and `stream` are the request's.")
    ] = {}
    api_key: Annotated[SampleKey | None, Meta(description="The API key; null: none.")] = None
    client_ip: Annotated[str | None, Meta(description="Address of the client.")] = None
    at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description="When the request came; null: 1970-01-01T00:00:00Z."),
    ] = None
    input_tokens: Annotated[
        int | None,
        Meta(description="Input tokens as the gateway counts them; null: counted where a rule asks for it."),
    ] = None
