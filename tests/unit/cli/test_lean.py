"""What a serving process leaves out is there for who asks for it. Each in a process of its own: it is about imports."""

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from advanced_alchemy.types import DateTimeUTC

from app.cli import lean
from app.db.tables.base import Base

ROOT = Path(__file__).resolve().parents[3]


def said(code: str) -> list[str]:
    """What a Python program has printed, after `load_lean()`."""
    begin = "from app.cli.start import load_lean\nload_lean()\nimport importlib, sys\n"
    found = subprocess.run(
        [sys.executable, "-c", begin + textwrap.dedent(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    return found.stdout.split()


def test_packages_are_whole_for_who_asks() -> None:
    code = """
        print(*(name in sys.modules for name in ("litestar", "click", "advanced_alchemy.service", "uvicorn.main")))
        import advanced_alchemy, uvicorn
        from uvicorn import Server
        from uvicorn.server import Server as same
        from advanced_alchemy.service import OffsetPagination
        from litestar.pagination import OffsetPagination as for_litestar
        print(Server is same, uvicorn.run.__module__, advanced_alchemy.base.__name__)
        print("click" in sys.modules, hasattr(uvicorn, "nothing"))
        """
    loaded, kinds, found = "False False False False", "True uvicorn.main advanced_alchemy.base", "True False"
    assert said(code) == f"{loaded} {kinds} {found}".split()


def test_databases_have_their_own_types_afterwards() -> None:
    assert said(
        """
        from sqlalchemy.dialects import mysql, oracle, postgresql
        from sqlalchemy.ext.asyncio import create_async_engine
        engine = create_async_engine("postgresql+asyncpg://somebody@localhost/nothing")
        print(postgresql.JSONB.__name__, mysql.insert.__name__, oracle.RAW.__name__, engine.dialect.name)
        """
    ) == ["JSONB", "insert", "RAW", "postgresql"]


def test_no_table_has_the_types_that_are_left_out() -> None:
    """`lean.FOREIGN` puts another type in their place."""
    theirs = {
        str(column)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if type(column.type).__module__.startswith("advanced_alchemy")
        and not isinstance(column.type, DateTimeUTC)
    }
    assert theirs == set()


@pytest.mark.skipif(sys.platform != "linux", reason="pages are counted by Linux")
def test_code_that_was_put_down_runs_again() -> None:
    before, after, *results = said(
        """
        import hashlib, re, ssl
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from app.cli import lean

        def work():
            sealed = AESGCM(bytes(32)).encrypt(bytes(12), b"text", None)
            return hashlib.sha256(sealed + ssl.OPENSSL_VERSION.encode()).hexdigest()

        def pages():
            with open("/proc/self/status") as lines:
                return next(int(line.split()[1]) for line in lines if line.startswith("RssFile:"))

        first, before = work(), pages()
        lean.put_down_code()
        print(before, pages(), first, work())
        """
    )
    assert int(after) < int(before) / 2
    assert results[0] == results[1]


async def test_memory_is_given_back_again_and_again_until_the_end() -> None:
    slept: list[float] = []
    twice = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 2:
            twice.set()
            await asyncio.Event().wait()

    before = asyncio.all_tasks()
    async with lean.giving_back(sleep):
        await twice.wait()
    assert slept == [lean.GIVE_BACK_SECONDS] * 3
    assert asyncio.all_tasks() == before
