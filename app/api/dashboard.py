"""The dashboard: built files of `frontend/`, served at `/` to browsers under a strict Content-Security-Policy.

The build (`hatch_build.py`) leaves them in `app/dashboard` with a manifest. Requests for anything else pass through.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Send

FOLDER: Final = Path(__file__).parents[1] / "dashboard"
MANIFEST: Final = "manifest.json"

_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "txt": "text/x-component; charset=utf-8",  # what Next's router fetches when it goes to another page
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
}
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # Components place menus and the editor paints by style attributes and elements; with all else closed, styles
        # can neither run code nor send anything anywhere.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
)
_FOREVER: Final = b"public, max-age=31536000, immutable"
"""For names with a hash of the content in them."""
_ALWAYS_ASK: Final = b"no-cache"

_NOT_BUILT: Final = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>LLM Gateway</title></head>
<body><h1>LLM Gateway is running</h1>
<p>Its dashboard has not been built. With access to the npm registry, run <code>just dashboard</code>, then start
again.</p>
<p>Everything else works: the proxy under <code>/v1</code>, the admin API under <code>/api/admin</code>
(<a href="/schema/openapi.json">OpenAPI document</a>).</p></body></html>
"""


class _File(msgspec.Struct, frozen=True):
    hash: str
    gzip: bool
    """There is a compressed one beside it, with `.gz` behind its name."""


class Dashboard:
    """ASGI middleware."""

    def __init__(self, app: "ASGIApp", folder: Path = FOLDER) -> None:
        self._app = app
        self._folder = folder
        self._built = 0
        """When the manifest was written, in nanoseconds; 0: there is none."""
        self._files: dict[str, _File] = {}
        self._look()

    def _look(self) -> None:
        """Read the manifest if there is a new one: a dashboard may be built while the gateway runs."""
        manifest = self._folder / MANIFEST
        try:
            built = manifest.stat().st_mtime_ns
            if built != self._built:
                self._files = msgspec.json.decode(manifest.read_bytes(), type=dict[str, _File])
                self._built = built
        except FileNotFoundError:
            self._files, self._built = {}, 0

    async def __call__(self, scope: Any, receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        name = path[1:]
        if path.endswith("/"):
            name += "index.html"
            self._look()
        if name in self._files:
            await self._send(scope, send, name, 200)
        elif f"{name}/index.html" in self._files:
            query = scope["query_string"]
            place = f"{path}/".encode() + (b"?" + query if query else b"")
            await _answer(send, 308, [(b"location", place), (b"cache-control", _ALWAYS_ASK)], b"")
        elif name == "index.html":
            page = b"" if scope["method"] == "HEAD" else _NOT_BUILT
            kind = (b"content-type", _TYPES["html"].encode())
            await _answer(send, 200, [kind, (b"cache-control", b"no-store"), *_HEADERS], page)
        else:
            await self._app(scope, receive, send)

    async def _send(self, scope: Any, send: "Send", name: str, status: int) -> None:
        file = self._files[name]
        given = dict(scope["headers"])
        etag = f'"{file.hash}"'.encode()
        forever = name.startswith("_next/static/")
        headers = [
            (b"etag", etag),
            (b"cache-control", _FOREVER if forever else _ALWAYS_ASK),
            (b"vary", b"accept-encoding"),
            *_HEADERS,
        ]
        if etag in (tag.strip().removeprefix(b"W/") for tag in given.get(b"if-none-match", b"").split(b",")):
            await _answer(send, 304, headers, b"")
            return
        zipped = file.gzip and _takes_gzip(given.get(b"accept-encoding", b""))
        if zipped:
            headers.append((b"content-encoding", b"gzip"))
        headers.append(
            (b"content-type", _TYPES.get(name.rpartition(".")[2], "application/octet-stream").encode())
        )
        content = await asyncio.to_thread((self._folder / (f"{name}.gz" if zipped else name)).read_bytes)
        await _answer(send, status, headers, content, is_head=scope["method"] == "HEAD")


def _takes_gzip(accepted: bytes) -> bool:
    for part in accepted.lower().split(b","):
        coding, _, weight = part.partition(b";")
        if coding.strip() in (b"gzip", b"*"):
            return weight.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


async def _answer(
    send: "Send", status: int, headers: list[tuple[bytes, bytes]], body: bytes, *, is_head: bool = False
) -> None:
    length = [] if status == 304 else [(b"content-length", str(len(body)).encode())]
    start: Any = {"type": "http.response.start", "status": status, "headers": [*headers, *length]}
    await send(start)
    await send({"type": "http.response.body", "body": b"" if is_head else body, "more_body": False})
