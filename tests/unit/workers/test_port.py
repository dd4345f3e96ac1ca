"""The port of several workers: each has a socket of its own, and nobody else gets in."""

import socket
import sys
from contextlib import ExitStack

import pytest

from app.workers import port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all workers have one socket")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::"])
def test_connections_go_to_those_that_listen(host: str) -> None:
    with ExitStack() as stack:
        try:
            reserved = stack.enter_context(port.reserve(host, 0))
        except OSError:
            pytest.skip(f"{host} is no address of this machine")
        number = reserved.getsockname()[1]
        first, second = (stack.enter_context(port.own(reserved)) for _ in range(2))
        first.listen(64)
        for _ in range(20):
            stack.enter_context(socket.create_connection(("localhost" if host == "::" else host, number)))
        first.setblocking(False)
        for _ in range(20):
            stack.enter_context(first.accept()[0])
        second.listen(64)
        with pytest.raises(OSError, match="in use"):
            port.reserve(host, number)


def test_a_port_that_is_held_can_not_be_had_even_before_anybody_listens() -> None:
    with port.reserve("127.0.0.1", 0) as held:
        with pytest.raises(OSError, match="in use"):
            port.reserve("127.0.0.1", held.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            socket.create_server(held.getsockname())
