"""Events of a live tail."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.api.admin.schemas.log import Log


class LogNews(msgspec.Struct, frozen=True, kw_only=True):
    """Log records that were just written."""

    items: Annotated[list[Log], Meta(description="The records, in the order in which they were written.")]
