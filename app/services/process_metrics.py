"""What one process holds open: connections to upstreams and tasks of its event loop. Both go back to where they were.

A soak test, or an alarm, sees by them what leaks. Descriptors and memory are `process_open_fds` and
`process_resident_memory_bytes`.
"""

import asyncio

import httpx

from app.providers.transport import Transport


def held_open(transport: httpx.AsyncBaseTransport) -> dict[str, float]:
    """The figures (`services/counts.py`); connections summed over all origins, since addresses of upstreams are no
    public matter.

    :param transport: one of another make is not asked for its connections. Call from the event loop's thread.
    """
    figures: dict[str, float] = {"tasks": len(asyncio.all_tasks())}
    if isinstance(transport, Transport):
        origins = transport.stats()
        idle = sum(origin.idle for origin in origins)
        figures["upstream_busy"] = sum(origin.open for origin in origins) - idle
        figures["upstream_idle"] = idle
        figures["upstream_waiting"] = sum(origin.waiting for origin in origins)
    return figures
