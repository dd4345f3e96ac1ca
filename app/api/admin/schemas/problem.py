"""The one error body of the admin API (RFC 9457), and how a controller declares which statuses it answers with."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from msgspec import UNSET, Meta, UnsetType

MEDIA_TYPE = "application/problem+json"


class Span(msgspec.Struct, frozen=True):
    """A piece of a text, counted in characters."""

    start: Annotated[int, Meta(ge=0, description="Offset of the first character.")]
    end: Annotated[int, Meta(ge=0, description="Offset after the last character.")]


class FieldProblem(msgspec.Struct, frozen=True):
    """One fault of a request."""

    pointer: Annotated[
        str,
        Meta(description="JSON pointer (RFC 6901) to the field; for a query parameter `/` and its name."),
    ]
    code: Annotated[str, Meta(description="Stable name of the fault.")]
    message: Annotated[str, Meta(description="The fault in one sentence.")]
    span: Annotated[Span | UnsetType, Meta(description="The piece of the rule text at fault.")] = UNSET
    suggestion: Annotated[str | UnsetType, Meta(description="What was probably meant.")] = UNSET


class Problem(msgspec.Struct, frozen=True):
    """Why a request was not carried out."""

    type: Annotated[str, Meta(description="Identifies the kind of problem; made from `code`.")]
    title: Annotated[str, Meta(description="The status in words.")]
    status: Annotated[int, Meta(ge=400, le=599, description="The HTTP status.")]
    detail: Annotated[str, Meta(description="What is wrong, for a person.")]
    code: Annotated[str, Meta(description="Stable name of the problem, for a program.")]
    request_id: Annotated[str, Meta(description="Also in the header `x-request-id` and in our log.")]
    errors: Annotated[
        list[FieldProblem], Meta(description="Each fault of the request; empty where the whole is at fault.")
    ] = []


_MEANINGS: Mapping[int, str] = {
    400: "The body is no JSON, or a parameter can't be read.",
    401: "No session and no token, or one that is not valid.",
    403: "Not allowed for this caller.",
    404: "There is no such resource.",
    405: "The path does not answer to this method.",
    409: "The present state does not allow this; `code` says which rule.",
    412: "`If-Match` names another version; `ETag` has the current one.",
    413: "The body is too large.",
    415: "The body is not declared as `application/json`.",
    422: "Fields or parameters are missing, unknown or not valid; see `errors`.",
    429: "Too many failed attempts; see `Retry-After`.",
    500: "A fault of the gateway; its log has the details under the request id.",
    503: "The database does not answer.",
}


def meaning(status: int) -> str:
    """What a status says, in one sentence."""
    return _MEANINGS[status]


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """For `responses=` of a handler: statuses beyond those every operation answers with (`api/openapi.py`)."""
    return {
        status: ResponseSpec(Problem, description=meaning(status), generate_examples=False)
        for status in statuses
    }
