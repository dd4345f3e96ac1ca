"""Lets the names of models, which may hold `/`, be one segment of a path. Stands before Litestar's router.

The server decodes `%2F` before the router looks at the path. `/api/admin/models/meta-llama%2FLlama-3/targets` is put
together again from the bytes as they came. An unescaped `/` in a name is understood too, for the sake of proxies that
decode on their way; only a name that itself ends like a path below (`x/targets`) has to be escaped.
"""

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote_to_bytes

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Send

PREFIX: Final = "/api/admin/models/"
_REST: Final = re.compile(rb"(?s)(.+?)(/targets(?:/[0-9]+|/order)?|/tests(?:/[0-9]+|/run|/from-log)?)?/?")


class ModelPaths:
    """ASGI middleware: in paths of models, the name stays percent-encoded. Controllers decode it."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: "Receive", send: "Send") -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            scope["path"] = encoded(scope["raw_path"])
        await self._app(scope, receive, send)


def encoded(raw_path: bytes) -> str:
    """The path with the model's name as one segment, however its `/` came."""
    found = _REST.fullmatch(raw_path.removeprefix(PREFIX.encode()))
    if found is None:
        return PREFIX
    name, below = found.groups(default=b"")
    return f"{PREFIX}{quote(unquote_to_bytes(name), safe='')}{below.decode('ascii')}"
