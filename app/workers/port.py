"""The port that all workers listen at.

Linux spreads connections evenly over listening sockets that share a port (`SO_REUSEPORT`), so each worker has one of
its own; one that dies takes only connections along that it had not accepted. The supervisor's socket holds the port
and never listens. Other systems don't spread; there all workers listen on the supervisor's socket.
"""

import socket
import sys
from typing import Any

UNSENT_BYTES = 16 * 1024
HAS_OWN_SOCKETS = sys.platform == "linux"


def reserve(host: str, port: int) -> socket.socket:
    """Take the port for the length of the supervisor's life.

    :raises OSError: somebody has it.
    """
    sock = _bound((host, port))
    if HAS_OWN_SOCKETS:
        # A socket bound like this bars all but those that share: not even a second gateway, which would get half of
        # our connections, can take the port, as it begins with a socket that does not share.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    else:
        sock.listen(2048)
    return sock


def own(reserved: socket.socket) -> socket.socket:
    """The socket for one worker to listen at. On Linux it gets no connection before `listen`."""
    if not HAS_OWN_SOCKETS:
        return reserved
    return _bound(reserved.getsockname(), is_shared=True)


def listening(host: str, port: int) -> socket.socket:
    """The socket of a single process, made before the application: a taken port is found at once, and a free one is
    known by its number.

    :raises OSError: somebody has the port.
    """
    if ":" in host:
        sock = socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=host == "::")
    else:
        sock = socket.create_server((host, port))
    _hold_little(sock)
    return sock


def _hold_little(sock: socket.socket) -> None:
    """Let the kernel hold little of what it can't send yet, on each connection: what a slow reader leaves waiting is
    held, and seen, by us alone (tcp(7) of Linux; the kernel's own limit is some MB)."""
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


def _bound(address: tuple[Any, ...], *, is_shared: bool = False) -> socket.socket:
    # asyncio switches Nagle's algorithm off only on sockets that name their protocol
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        _hold_little(sock)
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    return sock
