"""Payload files: where stored requests and answers lie on SQLite, beside the database, in files that only grow.

SQLite copies a body several times, into its journal and on into the database; a file takes it once. On PostgreSQL
payloads are rows of `request_payload`, as they were on SQLite before; such rows are read as long as they are kept.

A file has one writer, which never comes back to it after an hour or a restart. Its head names its oldest request.
Frames follow: a head, and four parts as long as the head says. A log row tells file and offset of its payload.
What is removed is overwritten, and a file with nothing left is deleted. A crash may leave a frame without a row,
which goes in its time.
"""

import contextlib
import os
import struct
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

OPEN_SECONDS: Final = 3600
"""How long a file is written to."""
CLOSED_SECONDS: Final = 2 * OPEN_SECONDS
"""Seconds after which nobody writes to a file any more, whatever its writer was delayed by."""
GREATEST_BYTES: Final = 64 * 1024 * 1024
SUFFIX: Final = ".payloads"

Place = tuple[int, int]
"""A file's number, the time it was made (milliseconds since the epoch, or a little later), and a frame's offset."""

_MAGIC: Final = b"gwpay001"
_FILE: Final = struct.Struct("<8s36s")
"""Magic, oldest request id."""
_STORED: Final = b"GWP1"
_REMOVED: Final = b"GWP0"
_FRAME: Final = struct.Struct("<4s36sIIIII")
"""Kind, request id, flags, and the lengths of request headers, request body, response headers, response body."""
_REDACTED, _REQUEST_TRUNCATED, _RESPONSE_TRUNCATED = 1, 2, 4
_NEW_FILE: Final = (
    os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
)
_ZEROS: Final = bytes(64 * 1024)


class Payload(msgspec.Struct, frozen=True):
    """What `db.tables.request_payload` says of its columns."""

    request_id: str
    is_redacted: bool
    request_headers: str
    request_body: bytes
    request_truncated: bool
    response_headers: str
    response_body: bytes
    response_truncated: bool


class PayloadWriter:
    """Appends frames to a file of its own, in whichever thread: one call at a time."""

    def __init__(self, folder: Path) -> None:
        """:param folder: made, readable for its owner alone, with the first file."""
        self._folder = folder
        self._file: BinaryIO | None = None
        self._number = 0
        self._end = 0
        self._oldest = ""
        self._until = 0.0

    def append(self, rows: Sequence[tuple[Any, ...]]) -> list[Place]:
        """Write rows of `request_payload`.

        :returns: where each of them is.
        :raises OSError: none of them is.
        """
        file = self._file
        if file is None or self._end >= GREATEST_BYTES or time.time() >= self._until:
            self.close()
            file = self._open()
        number, end = self._number, self._end
        parts: list[bytes] = []
        places: list[Place] = []
        for request_id, redacted, head, body, is_cut, answer_head, answer, is_answer_cut in rows:
            headers, answer_headers = head.encode(), answer_head.encode()
            sizes = len(headers), len(body), len(answer_headers), len(answer)
            flags = _REDACTED * redacted + _REQUEST_TRUNCATED * is_cut + _RESPONSE_TRUNCATED * is_answer_cut
            parts += (
                _FRAME.pack(_STORED, request_id.encode(), flags, *sizes),
                headers,
                body,
                answer_headers,
                answer,
            )
            places.append((number, end))
            end += _FRAME.size + sum(sizes)
        oldest = min(row[0] for row in rows)
        try:
            file.seek(self._end)
            _write_all(file, b"".join(parts))
            if not self._oldest or oldest < self._oldest:
                file.seek(0)
                _write_all(file, _FILE.pack(_MAGIC, oldest.encode()))
                self._oldest = oldest
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(self._end)
            raise
        self._end = end
        return places

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _open(self) -> BinaryIO:
        self._folder.mkdir(0o700, exist_ok=True)
        number = int(time.time() * 1000)
        while True:
            try:
                made = os.open(_path(self._folder, number), _NEW_FILE, 0o600)
                break
            except FileExistsError:  # another worker's
                number += 1
        self._file = file = os.fdopen(made, "r+b", buffering=0)
        self._number, self._end, self._oldest = number, _FILE.size, ""
        self._until = time.time() + OPEN_SECONDS
        return file


def read_payload(folder: Path, place: Place, request_id: str) -> Payload | None:
    """The payload of a request.

    :returns: None where it was removed, or where the machine went down before the disk had it.
    :raises OSError: the file can't be read.
    """
    number, offset = place
    try:
        with open(_path(folder, number), "rb") as file:
            file.seek(offset)
            kind, written_id, flags, *sizes = _FRAME.unpack(file.read(_FRAME.size))
            if kind != _STORED or written_id != request_id.encode():
                return None
            headers, body, answer_headers, answer = (file.read(size) for size in sizes)
            if len(answer) != sizes[-1]:
                return None
            return Payload(
                request_id,
                bool(flags & _REDACTED),
                headers.decode(),
                body,
                bool(flags & _REQUEST_TRUNCATED),
                answer_headers.decode(),
                answer,
                bool(flags & _RESPONSE_TRUNCATED),
            )
    except (FileNotFoundError, struct.error, UnicodeDecodeError):
        return None


def payload_files(folder: Path) -> list[Path]:
    """The files there are, oldest first."""
    return sorted(
        (path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal()), key=lambda path: int(path.stem)
    )


def remove_payloads(path: Path, before: str) -> int:
    """Overwrite a file's payloads of requests before a request id, and delete the file if nothing is left in it.

    :returns: how many were removed.
    :raises OSError: the file can't be changed.
    """
    count = left = 0
    try:
        with open(path, "r+b") as file:
            magic, oldest = _FILE.unpack(file.read(_FILE.size))
            if magic != _MAGIC or oldest >= before.encode():
                return 0
            for offset, kind, request_id, length in _frames(file):
                if kind != _STORED:
                    continue
                if request_id >= before.encode():
                    left += 1
                    continue
                _blank(file, offset, length)
                count += 1
    except (FileNotFoundError, struct.error):  # deleted by another process, or hardly begun
        return 0
    if not left and time.time() - int(path.stem) / 1000 > CLOSED_SECONDS:
        with contextlib.suppress(OSError):  # Windows deletes no file that somebody reads; the next run will
            path.unlink(missing_ok=True)
    return count


def _frames(file: BinaryIO) -> Iterator[tuple[int, bytes, bytes, int]]:
    """Offset, kind, request id, and length without the head, of each frame up to the end, or to one that is none."""
    offset = _FILE.size
    while True:
        file.seek(offset)
        head = file.read(_FRAME.size)
        if len(head) < _FRAME.size:
            return
        kind, request_id, _, *sizes = _FRAME.unpack(head)
        if kind not in (_STORED, _REMOVED):
            return
        yield offset, kind, request_id, sum(sizes)
        offset += _FRAME.size + sum(sizes)


def _blank(file: BinaryIO, offset: int, length: int) -> None:
    """Overwrite a frame, but for its length."""
    file.seek(offset)
    file.write(_FRAME.pack(_REMOVED, b"", 0, length, 0, 0, 0))
    while length > 0:
        length -= file.write(_ZEROS[:length])


def _write_all(file: BinaryIO, content: bytes) -> None:
    """An unbuffered file may take a part only."""
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number}{SUFFIX}"
