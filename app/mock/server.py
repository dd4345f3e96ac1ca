"""Runs the pretend provider: in the foreground for `mock-upstream`, or in a thread of its own for `serve --demo`."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.mock.asgi import MockUpstream

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.CRITICAL)


class _Protocol(HttpToolsProtocol):
    """uvicorn reports an answer that breaks off as an error of the application; here breaking off is the purpose."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _LOG


def _server(upstream: MockUpstream) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            upstream,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
    )


def run(upstream: MockUpstream, sock: socket.socket) -> None:
    """Serve until a stop signal; `sock` is bound already."""
    _server(upstream).run(sockets=[sock])


@contextmanager
def running(upstream: MockUpstream) -> Iterator[str]:
    """Serve on a free loopback port in a thread, for the length of the block. Yields the base URL."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        server = _server(upstream)
        thread = threading.Thread(target=server.run, args=([sock],), name="mock-upstream", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
