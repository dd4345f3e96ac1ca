"""Event loops whose name server the test is: the one seam that all three transports look names up through."""

import asyncio
import ipaddress
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

Names = dict[str, Sequence[str] | OSError | asyncio.Event]
"""The addresses of a name, the error its lookup ends with, or what the lookup waits for (and then finds nothing)."""


async def _look_up(names: Names, host: str, port: int | None) -> list[tuple[Any, ...]]:
    found = names[host]
    if isinstance(found, asyncio.Event):
        await found.wait()
        found = socket.gaierror(socket.EAI_NONAME, "unknown")
    if isinstance(found, OSError):
        raise found
    infos: list[tuple[Any, ...]] = []
    for text in found:
        if ipaddress.ip_address(text).version == 4:
            infos.append((socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port or 0)))
        else:
            infos.append((socket.AF_INET6, socket.SOCK_STREAM, 6, "", (text, port or 0, 0, 0)))
    return infos


class Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self.names: Names = {}

    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
        name = host.decode("ascii") if isinstance(host, bytes) else host
        if name in self.names:
            return await _look_up(self.names, name, port)
        return await super().getaddrinfo(host, port, **hints)


FACTORIES: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": Loop}

if sys.platform != "win32":
    import uvloop

    class Uvloop(uvloop.Loop):
        def __init__(self) -> None:
            super().__init__()
            self.names: Names = {}

        async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
            name = host.decode("ascii") if isinstance(host, bytes) else host
            if name in self.names:
                return await _look_up(self.names, name, port)
            return await super().getaddrinfo(host, port, **hints)

    FACTORIES["uvloop"] = Uvloop
