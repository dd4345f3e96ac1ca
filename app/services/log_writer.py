"""Log writer: takes finished exchanges from the hot path and writes them in batches, off the request path.

What a row holds is next door in `log_rows.py`; the statements are in `repositories/log_store.py`.
"""

import asyncio
import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from app.common.clock import Clock, SystemClock
from app.common.errors import Unavailable
from app.config import Settings
from app.db.session import Database
from app.domain.exchange import Exchange
from app.repositories.log_store import LogStore, Row, RowsRefused, log_store
from app.services.log_rows import log_row
from app.services.payload_rows import Unscreened, are_clean, screen_all, trim, unscreened

BATCH: Final = 250
"""Waiting records that are written at once."""
GREATEST_BATCH: Final = 250
GREATEST_BATCH_BYTES: Final = 2 * 1024 * 1024
"""Records, and bytes of their bodies, that one transaction takes when more wait."""
BATCH_BYTES: Final = 1024 * 1024
"""Bytes of bodies that are written at once, however few records they belong to: memory that waits is memory in use."""
FLUSH_SECONDS: Final = 0.25
"""The longest a record waits for others to be written with."""
FIRST_DELAY: Final = 0.25
LONGEST_DELAY: Final = 5.0
"""Seconds between two tries while the database fails, doubling from the first."""
BODY_BUDGET: Final = 64 * 1024 * 1024
"""Bytes of bodies and facts that may wait; records beyond are kept without them."""
PAUSE_SECONDS: Final = 0.002
"""From the record that makes a turn full to their rows: its client asks again within that time, if it does."""
SLICE_SECONDS: Final = 0.0005
"""Rows are made on the event loop's thread, for so long at a time."""
TURN: Final = 16
"""Rows made, and searched for secrets together, between two looks at the clock."""
SEARCHED_BYTES: Final = 64 * 1024
"""Bytes that the loop's thread searches at once, in some 0.1 ms. More is left to another thread: so is what may hold
secrets, whose masking takes longer."""

_Pair = tuple[Row, Row | None]
"""A row of `request_log` and, unless it can't or shall not be stored, the row of `request_payload` to it."""
_Waiting = tuple[Row, Row | Unscreened | None, int]
"""Both as they wait, the second perhaps not searched yet, and the bytes of the bodies."""

_log: Final = logging.getLogger(__name__)


class LogFigures(msgspec.Struct, frozen=True):
    """How the writer is doing."""

    queued: int
    """Records not yet written."""
    written: int
    dropped: int
    """Records lost: no room was left, the database refused them, or they were left over at the end."""
    bodies_dropped: int
    """Records kept without their bodies, for want of memory."""
    failing: bool
    """The last try to write failed."""
    last_error: str | None
    last_write: float | None
    """Seconds since the epoch."""


class LogWriter:
    """The `LogSink` of the process.

    Rows are made on the loop's thread, a few at a time: one alone costs several times as much, and many at once hold
    requests up. A thread would hold Python's lock just as long, and up to 5 ms at a time. The statements run in a
    thread (SQLite) or in the server (PostgreSQL).
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock | None = None,
        store: LogStore | None = None,
    ) -> None:
        self._store = store or log_store(database)
        self._clock = clock or SystemClock()
        self._limit = settings.log_queue_size
        self._payloads = settings.log_payloads
        self._body_limit = 0 if settings.log_payloads == "off" else settings.log_payload_max_bytes
        self._fresh: deque[tuple[Exchange, int]] = deque()
        """Records of which no rows are made yet, and the bytes of their bodies."""
        self._searcher = ThreadPoolExecutor(1, thread_name_prefix="log-search")
        self._is_due = False
        """Rows are going to be made."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._in_hand = 0
        self._written = 0
        self._dropped = 0
        self._bodies_dropped = 0
        self._failing = False
        self._last_error: str | None = None
        self._last_write: float | None = None
        self._wake = asyncio.Event()
        self._retry = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    @property
    def figures(self) -> LogFigures:
        return LogFigures(
            queued=self._waiting + self._in_hand,
            written=self._written,
            dropped=self._dropped,
            bodies_dropped=self._bodies_dropped,
            failing=self._failing,
            last_error=self._last_error,
            last_write=self._last_write,
        )

    @property
    def failing(self) -> bool:
        """The database did not take the last batch."""
        return self._failing

    @property
    def _waiting(self) -> int:
        return len(self._fresh) + len(self._queue)

    def start(self) -> None:
        """Begin to write, in a task of the running loop."""
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run())

    def put(self, exchange: Exchange) -> None:
        """Take the record, whose bodies are cut to the cap here. Never waits, never raises."""
        waiting = len(self._fresh) + len(self._queue) + 1
        if self._closing or waiting + self._in_hand > self._limit:
            self._dropped += 1
            return
        size = trim(exchange, self._body_limit)
        if self._bytes + size > BODY_BUDGET:
            exchange.facts = None
            size = trim(exchange, 0)
            self._bodies_dropped += 1
        self._bytes += size
        self._fresh.append((exchange, size))
        if len(self._fresh) >= TURN and not self._is_due and self._loop is not None:
            self._is_due = True
            self._loop.call_later(PAUSE_SECONDS, self._make_rows)
        if waiting in (1, BATCH) or self._bytes >= BATCH_BYTES:
            self._wake.set()

    async def close(self, seconds: float = 5.0) -> int:
        """Write what waits, within a time.

        :returns: records that could not be written.
        """
        self._closing = True
        self._wake.set()
        self._retry.set()
        task = self._task
        if task is not None:
            timer = self._clock.call_later(seconds, self._give_up)
            await asyncio.wait({task})
            timer.cancel()
        self._searcher.shutdown(wait=False)
        await self._store.close()
        left = self._waiting + self._in_hand
        if left:
            self._dropped += left
            self._fresh.clear()
            self._queue.clear()
            self._in_hand = self._bytes = 0
            _log.error("%d log records could not be written before the end", left)
        return left

    def _give_up(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._until_due()
            while self._fresh and not self._queue:
                self._make_rows()
                await asyncio.sleep(0)
            if self._queue:
                batch = self._take()
                self._in_hand = len(batch)
                await self._write(await self._pairs(batch))
            elif self._closing:
                return

    async def _until_due(self) -> None:
        """Wait for a whole batch, or until the first record has waited long enough, or the end."""
        if not self._waiting and not self._closing:
            self._wake.clear()
            await self._wake.wait()
        if self._waiting < BATCH and self._bytes < BATCH_BYTES and not self._closing:
            self._wake.clear()
            timer = self._clock.call_later(FLUSH_SECONDS, self._wake.set)
            await self._wake.wait()
            timer.cancel()

    def _make_rows(self) -> None:
        """Make rows of the fresh records, for the time of a slice; the rest has its turn in the loop's next round."""
        self._is_due = False
        fresh, queue = self._fresh, self._queue
        began = self._clock.monotonic()
        while fresh:
            made: list[tuple[Row, Unscreened | None, int]] = []
            for _ in range(min(len(fresh), TURN)):
                exchange, size = fresh.popleft()
                try:
                    made.append((log_row(exchange), self._payload(exchange), size))
                except Exception as error:  # one record must not keep the others from being written
                    self._bytes -= size
                    self._drop_one(type(error).__name__)
            found = [payload for _, payload, _ in made if payload is not None]
            if found and sum([size for _, _, size in made]) <= SEARCHED_BYTES and are_clean(found):
                queue.extend([(log, payload and payload.row, size) for log, payload, size in made])
            else:
                queue.extend(made)
            if self._clock.monotonic() - began > SLICE_SECONDS:
                break
        if self._fresh and self._loop is not None:
            self._is_due = True
            self._loop.call_soon(self._make_rows)

    def _take(self) -> list[_Waiting]:
        """The next batch, out of the queue."""
        batch: list[_Waiting] = []
        size = 0
        while self._queue and len(batch) < GREATEST_BATCH and size < GREATEST_BATCH_BYTES:
            batch.append(self._queue.popleft())
            size += batch[-1][2]
        self._bytes -= size
        return batch

    def _payload(self, exchange: Exchange) -> Unscreened | None:
        if self._payloads == "off":
            return None
        try:
            return unscreened(exchange, self._body_limit, redacted=self._payloads == "redacted")
        except Exception as error:  # the row next to it is worth keeping
            self._lose_payload(exchange.request_id, error)
            return None

    async def _pairs(self, batch: list[_Waiting]) -> list[_Pair]:
        """The rows to write. What has to be searched still is searched in a thread, without Python's lock."""
        left = [payload for _, payload, _ in batch if isinstance(payload, Unscreened)]
        searched: list[Row | Exception] = []
        if left:
            searched = await asyncio.get_running_loop().run_in_executor(self._searcher, screen_all, left)
        rows = iter(searched)
        pairs: list[_Pair] = []
        for log, payload, _ in batch:
            row = next(rows) if isinstance(payload, Unscreened) else payload
            if isinstance(row, Exception):
                self._lose_payload(log[0], row)
                row = None
            pairs.append((log, row))
        return pairs

    def _lose_payload(self, request_id: str, error: Exception) -> None:
        self._bodies_dropped += 1
        _log.error("the payload of request %s can't be stored (%s)", request_id, type(error).__name__)

    async def _write(self, pairs: list[_Pair]) -> None:
        """Write the rows, trying until it succeeds. Of rows that are refused, the good ones are found by halving."""
        delay = FIRST_DELAY
        logs, payloads = [log for log, _ in pairs], [payload for _, payload in pairs if payload is not None]
        while True:
            refused: RowsRefused | None = None
            try:
                await self._store.write(logs, payloads)
                self._succeeded(len(pairs))
                return
            except RowsRefused as refusal:
                refused = refusal
            except Exception as error:  # whatever it is, the rows are kept
                self._failed(error.message if isinstance(error, Unavailable) else type(error).__name__)
            # nothing is awaited while an exception is handled: `app/compiled.py`
            if refused is None:
                await self._pause(delay)
                delay = min(delay * 2, LONGEST_DELAY)
                continue
            half = len(pairs) // 2
            if half:
                await self._write(pairs[:half])
                await self._write(pairs[half:])
            elif pairs[0][1] is not None:
                await self._write([(pairs[0][0], None)])
            else:
                self._in_hand -= 1
                self._drop_one(str(refused))
            return

    async def _pause(self, seconds: float) -> None:
        self._retry.clear()
        timer = self._clock.call_later(FIRST_DELAY if self._closing else seconds, self._retry.set)
        await self._retry.wait()
        timer.cancel()

    def _drop_one(self, why: str) -> None:
        self._dropped += 1
        _log.error("a log record can't be stored and is lost (%s)", why)

    def _failed(self, why: str) -> None:
        if not self._failing:
            _log.warning("log records can't be written for now; up to %d are kept. %s", self._limit, why)
        self._failing = True
        self._last_error = why

    def _succeeded(self, count: int) -> None:
        if self._failing:
            _log.warning("log records are written again; %d were lost so far", self._dropped)
        self._failing = False
        self._written += count
        self._in_hand -= count
        self._last_write = self._clock.time()
