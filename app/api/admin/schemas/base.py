"""Field types that several resources share.

Patterns end in `(?![\\s\\S])`, nothing may follow: `$` would let a line break at the end pass.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

Time = Annotated[datetime, Meta(tz=True)]
"""A moment. With `tz` the document says that it is one: `format: date-time`."""
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?(?![\s\S])",
        description="Name; no control characters, no space at its ends.",
    ),
]
AsciiName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[!-~]([ -~]*[!-~])?(?![\s\S])",
        description="Unique name. Printable ASCII, since response headers carry it.",
    ),
]
ModelName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^(?!\.\.?(?![\s\S]))[!-~]+(?![\s\S])",
        description="What clients send as `model`. Printable ASCII without spaces; may hold `/`.",
    ),
]
Rule = Annotated[
    str,
    Meta(
        max_length=4096,
        pattern=r"^[^\x00]*(?![\s\S])",
        description='Expression of the rule language, e.g. `headers.x-priority == "high"`. Empty: passes always.',
    ),
]
Notes = Annotated[
    str,
    Meta(max_length=2000, pattern=r"^[^\x00]*(?![\s\S])", description="For administrators; has no effect."),
]
Id = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What every resource has."""

    id: Annotated[int, Meta(description="Number; never given out twice.")]
    created_at: Annotated[Time, Meta(description="When it was made.")]
    updated_at: Annotated[Time, Meta(description="When it was changed last.")]
    etag: Annotated[
        str, Meta(description="Its version, as in the header `ETag`; for `If-Match` when changing it.")
    ]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What every page of a list has besides its items."""

    total: Annotated[int, Meta(description="How many there are over all pages.")]
    page: Annotated[int, Meta(description="Number of this page, from 1.")]
    page_size: Annotated[int, Meta(description="Most items a page holds.")]
