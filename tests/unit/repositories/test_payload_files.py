"""Payload files: what is written comes back, what is removed is gone, and nothing else is."""

import errno
import itertools
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from app.config import Settings
from app.db.session import Database
from app.db.tables.request_payload import RequestPayload
from app.repositories import payload_files as files
from app.repositories.log_store import log_store
from app.repositories.payload_files import (
    CLOSED_SECONDS,
    PayloadWriter,
    payload_files,
    read_payload,
    remove_payloads,
)
from app.repositories.request_logs import first_id
from app.services.log_writer import BATCH, LogWriter
from app.services.retention import Retention
from tests.support.logs import NOW, WatchedStore, counts, exchange, request_id, stored, write
from tests.unit.gateway.builders import ManualClock
from tests.unit.services.test_log_faults import impatient, locked

Row = tuple[Any, ...]


def row(seconds: float = NOW, body: bytes = b"{}", **changes: Any) -> Row:
    values = {
        "request_id": request_id(seconds),
        "is_redacted": True,
        "request_headers": '[["a","b"]]',
        "request_body": body,
        "request_truncated": False,
        "response_headers": "[]",
        "response_body": b"answer",
        "response_truncated": True,
    }
    return tuple((values | changes).values())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db-payloads"


@pytest.fixture
def writer(folder: Path) -> Iterator[PayloadWriter]:
    writer = PayloadWriter(folder)
    yield writer
    writer.close()


def aged(file: Path) -> Path:
    """The file, as if it had been made long enough ago that nobody writes to it."""
    old = file.with_stem(str(int(file.stem) - CLOSED_SECONDS * 1000 - 1000))
    return file.rename(old)


rows = st.lists(
    st.builds(
        row,
        st.floats(NOW - 1e6, NOW),
        st.binary(max_size=300),
        is_redacted=st.booleans(),
        request_headers=st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
        request_truncated=st.booleans(),
        response_headers=st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
        response_body=st.binary(max_size=300),
        response_truncated=st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@given(st.lists(rows, min_size=1, max_size=4), st.integers(-1_000_000, 10))
def test_what_is_written_comes_back_until_it_is_removed(batches: list[list[Row]], cut: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writer = PayloadWriter(folder)
        found = [pair for batch in batches for pair in zip(batch, writer.append(batch), strict=True)]
        for written, place in found:
            payload = read_payload(folder, place, written[0])
            assert payload is not None
            assert msgspec.structs.astuple(payload) == written
        (file,) = payload_files(folder)
        before = first_id(int((NOW + cut) * 1000))
        old = [written for written, _ in found if written[0] < before]
        assert remove_payloads(file, before) == len(old)
        assert remove_payloads(file, before) == 0
        for written, place in found:
            assert (read_payload(folder, place, written[0]) is None) == (written in old)
        writer.close()
        aged(file)
        remove_payloads(*payload_files(folder), before)
        assert len(payload_files(folder)) == (len(old) < len(found))


def test_only_its_owner_can_read_it(folder: Path, writer: PayloadWriter) -> None:
    writer.append([row()])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in payload_files(folder)] == [0o600]


def test_workers_that_begin_together_have_files_of_their_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.time, "time", lambda: NOW)
    writers = [PayloadWriter(folder) for _ in range(3)]
    written = [row(body=b"%d" % number) for number in range(3)]
    places = [writer.append([each])[0] for writer, each in zip(writers, written, strict=True)]
    assert len({number for number, _ in places}) == 3
    for each, place in zip(written, places, strict=True):
        payload = read_payload(folder, place, each[0])
        assert payload is not None
        assert payload.request_body == each[3]
    for writer in writers:
        writer.close()


@pytest.mark.parametrize("bound", ["OPEN_SECONDS", "GREATEST_BYTES"])
def test_a_file_is_written_to_for_a_time_and_up_to_a_size(
    folder: Path, writer: PayloadWriter, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(files, bound, 0)
    places = [writer.append([row()])[0] for _ in range(3)]
    assert [str(number) for number, _ in places] == [file.stem for file in payload_files(folder)]


@pytest.mark.parametrize("failing", [1, 2])
def test_a_disk_that_fills_up_takes_all_or_none(
    folder: Path, writer: PayloadWriter, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    first = row()
    (kept,) = writer.append([first])
    write_all, calls = files._write_all, itertools.count(1)

    def fill_up(file: BinaryIO, content: bytes) -> None:
        if next(calls) == failing:
            write_all(file, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_all(file, content)

    monkeypatch.setattr(files, "_write_all", fill_up)
    older = row(NOW - 10)
    with pytest.raises(OSError, match="No space left"):
        writer.append([older, row()])
    (place,) = writer.append([older])
    assert read_payload(folder, kept, first[0]) is not None
    assert read_payload(folder, place, older[0]) is not None
    assert remove_payloads(*payload_files(folder), first_id(int(NOW * 1000 + 1000))) == 2


def test_what_the_disk_never_got_is_not_there(folder: Path, writer: PayloadWriter) -> None:
    """As after a loss of power: the database has rows of frames that were not written, or not whole."""
    written = [row(body=b"x" * 100) for _ in range(3)]
    places = writer.append(written)
    writer.close()
    (file,) = payload_files(folder)
    content = file.read_bytes()
    (_, second), (_, third) = places[1:]
    file.write_bytes(content[:second] + bytes(third - second) + content[third:-1])
    found = [
        read_payload(folder, place, each[0]) is not None for place, each in zip(places, written, strict=True)
    ]
    assert found == [True, False, False]
    assert read_payload(folder, places[0], written[1][0]) is None, "it is another request's"
    assert read_payload(folder, (1, 0), written[0][0]) is None, "no such file"
    assert remove_payloads(file, first_id(int(NOW * 1000 + 1000))) == 1


def test_what_is_removed_is_overwritten_and_what_is_written_to_stays(
    folder: Path, writer: PayloadWriter
) -> None:
    old, new = row(NOW - 60, b"canary" * 20_000), row(NOW, b"other" * 10)
    writer.append([old])
    _, place = writer.append([row(NOW - 61, b"canary"), new])
    (file,) = payload_files(folder)
    size = file.stat().st_size
    assert remove_payloads(file, first_id(int(NOW * 1000) - 1000)) == 2
    assert (file.stat().st_size, file.read_bytes().count(b"canary")) == (size, 0)
    assert read_payload(folder, place, new[0]) is not None
    assert remove_payloads(file, first_id(int(NOW * 1000) + 1000)) == 1
    assert file.exists(), "its writer may come back to it"


def test_files_of_others_are_left_alone(folder: Path) -> None:
    folder.mkdir()
    for name in ("notes.txt", "mine.payloads", "12.payloads", "13.payloads"):
        (folder / name).write_bytes(b"" if name.startswith("13") else b"x" * 1000)
    found = payload_files(folder)
    assert [file.name for file in found] == ["12.payloads", "13.payloads"]
    assert [remove_payloads(file, "ffffffff") for file in found] == [0, 0]
    assert len(list(folder.iterdir())) == 4
    assert remove_payloads(folder / "14.payloads", "ffffffff") == 0


class TestOnSqlite:
    @pytest.fixture
    def database_url(self, sqlite_database_url: str) -> str:
        return sqlite_database_url

    async def test_a_batch_that_is_tried_again_stores_its_payloads_once(self, database: Database) -> None:
        clock, store = ManualClock(), impatient(database)
        writer = LogWriter(database, Settings(), clock, store)
        writer.start()
        with locked(database):
            for _ in range(BATCH):
                writer.put(exchange())
            await store.wait(failures=1)
        assert await writer.close() == 0
        assert await counts(database) == (BATCH, BATCH)
        folder = database.payload_folder
        assert folder is not None
        assert remove_payloads(*payload_files(folder), "ffffffff") == BATCH

    async def test_a_folder_that_can_not_be_made_keeps_the_batch(self, database: Database) -> None:
        folder = database.payload_folder
        assert folder is not None
        folder.write_text("in the way")
        store = WatchedStore(log_store(database))
        writer = LogWriter(database, Settings(), ManualClock(), store)
        writer.start()
        for _ in range(BATCH):
            writer.put(exchange())
        await store.wait(failures=1)
        assert writer.figures.last_error == "Payloads can't be stored (File exists)."
        folder.unlink()
        assert await writer.close() == 0
        assert await counts(database) == (BATCH, BATCH)

    async def test_payloads_of_older_versions_are_read_from_the_table_and_go_in_their_time(
        self, database: Database
    ) -> None:
        older = exchange(request_time=NOW - 100)
        await write(database, [exchange(), older])
        values = dict(zip(RequestPayload.__table__.columns.keys(), row(NOW - 100, b"older"), strict=True))
        async with database.transaction() as session:
            await session.execute(insert(RequestPayload).values({**values, "request_id": older.request_id}))
            connection = await session.connection()
            await connection.exec_driver_sql(
                "UPDATE request_log SET payload_file = NULL, payload_offset = NULL WHERE request_id = ?",
                (older.request_id,),
            )
        _, payload = await stored(database, older.request_id)
        assert payload is not None
        assert payload.request_body == b"older"
        clock = ManualClock()
        await clock.advance(NOW + 8 * 24 * 3600 - clock.time())
        assert (await Retention(database, Settings(), clock).remove_expired()).payloads == 3
