"""A connection test of a provider: its stages in their order, and what came out."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class StageName(StrEnum):
    """The stages, in their order."""

    ADDRESS = "address"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    MODELS = "models"
    ANSWER = "answer"
    STREAM = "stream"


class StageStatus(StrEnum):
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class ConnectionStage(msgspec.Struct, kw_only=True):
    """One stage of a connection test."""

    name: Annotated[
        StageName,
        Meta(
            description="`address`: the URL and where it may lead; `dns`, `connect`, `tls`: the way there; `models`: "
            "the credential and the list of models; `answer`: one short answer; `stream`: the same as a stream."
        ),
    ]
    status: Annotated[
        StageStatus, Meta(description="`skipped` where an earlier stage failed, or none is needed.")
    ]
    ms: Annotated[int, Meta(description="Milliseconds it took.")] = 0
    detail: Annotated[
        str,
        Meta(
            description="What was found, or the provider's own words, as they came; up to 2,000 characters."
        ),
    ] = ""
    cause: Annotated[str | None, Meta(description="Stable name of what is wrong.")] = None
    advice: Annotated[str | None, Meta(description="What is wrong and what to do, in plain words.")] = None
    http_status: Annotated[int | None, Meta(description="Status the provider answered with.")] = None
    first_byte_ms: Annotated[int | None, Meta(description="Of a stream: milliseconds to its first byte.")] = (
        None
    )
    chunks: Annotated[int | None, Meta(description="Of a stream: how many events came.")] = None


class ConnectionTest(msgspec.Struct, kw_only=True):
    """What a connection test found."""

    ok: Annotated[bool, Meta(description="Calls to this provider work.")]
    model: Annotated[
        str | None, Meta(description="Model that was asked for an answer; null where none is known.")
    ]
    models: Annotated[
        list[str],
        Meta(description="Names of the provider's models, at most 1,000; empty where it has no list."),
    ]
    stages: Annotated[list[ConnectionStage], Meta(description="The stages in their order.")]
