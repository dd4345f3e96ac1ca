"""Relay: an upstream's answer to the client, byte for byte; a cut stream is never given a clean end."""

import asyncio

import httpx

from app.common.clock import Clock
from app.common.headers import RawHeaders
from app.domain.exchange import EndReason, Exchange
from app.gateway.attempts import Begun
from app.gateway.client import Client
from app.gateway.guard import Cause, Guard, Interrupted
from app.gateway.unpack import Unpacker
from app.protocols.endpoints import Endpoint
from app.protocols.errors import stream_error
from app.protocols.usage import UsageReader
from app.providers.failures import failure_class


class Stored:
    """The part of an answer that is kept for the log: references until the cap is reached."""

    __slots__ = ("left", "pieces")

    def __init__(self, left: int) -> None:
        """:param left: bytes to be kept."""
        self.left = left
        self.pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        if self.left > 0:
            self.pieces.append(piece if len(piece) <= self.left else piece[: self.left])
            self.left -= len(piece)


def _ending(reader: UsageReader | None, unpacker: Unpacker | None) -> str | None:
    """The connection ended in good order: did the protocol, too?"""
    if reader is None:
        return None
    reader.close()
    readable = unpacker is None or not unpacker.failed
    return "truncated" if readable and not (reader.ended or reader.error) else None


async def relay_stream(
    client: Client,
    guard: Guard,
    clock: Clock,
    endpoint: Endpoint,
    exchange: Exchange,
    answer: Begun,
    headers: RawHeaders,
    reader: UsageReader | None,
    unpacker: Unpacker | None,
    stored: Stored,
    started: float,
) -> None:
    """Pass on a begun answer until its end, reading usage from a copy.

    Fills size, end reason and error of the exchange. `reader` is None for a long plain answer, `unpacker` for one that
    is not compressed.

    :raises Interrupted: the client left, or stopped reading.
    """
    idle = answer.target.provider.timeouts.idle
    more, write = answer.rest.__anext__, client.write
    error: str | None = None
    theirs: BaseException | None = None
    try:
        await client.begin(answer.status, headers)
        piece: bytes = answer.body
        while True:
            exchange.response_size += len(piece)
            plain = piece if unpacker is None else unpacker.feed(piece)
            stored.add(plain)
            if reader is not None:
                reader.feed(plain)
            if not write(piece):
                guard.arm(Cause.CLIENT_STALLED, idle)
                await client.drained()
                guard.disarm()
            piece = await more()
    except StopAsyncIteration:
        error = _ending(reader, unpacker)
    except httpx.TransportError as problem:
        error = failure_class(problem, begun=True)
    except asyncio.CancelledError as cancelled:
        cause = guard.take()
        answer.attempt.error = str(cause) if cause is not None else "cancelled"
        if cause is None:
            theirs = cancelled
        elif cause in (Cause.CLIENT_LEFT, Cause.CLIENT_STALLED):
            theirs = Interrupted(cause)
        else:
            error = str(cause)
    except BaseException as other:
        theirs = other
    # nothing is awaited while an exception is handled: `app/compiled.py`
    answer.attempt.ended = clock.monotonic() - started
    await answer.rest.aclose()
    if theirs is not None:
        try:
            raise theirs
        finally:
            theirs = None  # it holds this frame
    if error is None:
        if client.left:  # the guard looks now and then only
            raise Interrupted(Cause.CLIENT_LEFT)
        if reader is not None and reader.error:
            exchange.end_reason, exchange.error_code = EndReason.ERROR, "upstream_stream_error"
        await client.end()
        return
    answer.attempt.error = error
    exchange.end_reason, exchange.error_code = EndReason.TRUNCATED, error
    if reader is not None and unpacker is None and reader.at_boundary:
        text = f"The provider's stream broke off ({error.replace('_', ' ')}); the answer is incomplete."
        event = stream_error(endpoint, "upstream_protocol", text, exchange.request_id)
        if not client.write(event):
            await client.drained()
    # it is not ended: the server drops the connection without a last chunk (RFC 9112 part 8), so that no client takes
    # the answer for a whole one
