"""What the controllers of the configuration resources have in common: list parameters, `ETag`, `If-Match`."""

from typing import Annotated, Final, TypeVar

from litestar import Response
from litestar.datastructures import ResponseHeader
from litestar.params import HeaderParameter, QueryParameter

from app.api.admin.schemas.base import Resource

ResourceT = TypeVar("ResourceT", bound=Resource)

PageNumber = Annotated[int, QueryParameter(ge=1, le=1_000_000, description="Number of the page, from 1.")]
PageSize = Annotated[int, QueryParameter(ge=1, le=200, description="Most items of the page.")]
Search = Annotated[
    str | None, QueryParameter(max_length=200, description="Part of the name, in any case of its letters.")
]
Active = Annotated[bool | None, QueryParameter(description="Only active ones, or only inactive ones.")]
IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match", max_length=1000, description="`ETag` the resource must still have; else 412."
    ),
]

ETAG: Final = [
    ResponseHeader(
        name="ETag",
        value="",  # its type is documented; the value is set by `tagged`
        description="Version of the resource, for `If-Match`.",
        required=True,
        documentation_only=True,
    )
]
"""For `response_headers=` of the handlers that answer with `tagged`."""


def tagged(resource: ResourceT) -> Response[ResourceT]:
    """The answer with a resource, and its version in the header."""
    return Response(resource, headers={"etag": resource.etag})
