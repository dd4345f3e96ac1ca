"""Runs replays in a process of their own, one at a time: `llm-gateway rules replay`, which answers in lines of JSON."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing, nullcontext
from typing import Final, TypeAlias

import msgspec

from app.common.errors import Conflict, Unavailable
from app.config import PREFIX
from app.domain.replay import ReplayProgress, ReplayQuestion, ReplayResult

LINE_BYTES: Final = 16 * 1024 * 1024
"""Longest line, which is the result."""

ReplaySteps: TypeAlias = AsyncGenerator[ReplayProgress | ReplayResult, None]


class ReplayRunner:
    """At most one replay at a time."""

    def __init__(self, *command: str) -> None:
        """:param command: how to run this program; without it as it runs now."""
        self._command = command or (sys.executable, "-m", "app.cli")
        self._is_busy = False

    async def run(
        self,
        database_url: str,
        question: ReplayQuestion,
        turn: Callable[[], AbstractContextManager[bool]] = lambda: nullcontext(True),
    ) -> ReplaySteps:
        """Progress, and the result at the end. The process ends with the generator, whatever ends that.

        :param question: one that `replays.prepare` finds no fault with.
        :param turn: whether no other process of this gateway is at it, for the length of the block.
        :raises Conflict: `replay_running`: another one is under way.
        :raises Unavailable: the process came to no result; it has told our standard error why.
        """
        if self._is_busy:
            raise _busy()
        self._is_busy = True
        try:
            with turn() as is_ours:
                if not is_ours:
                    raise _busy()
                async with aclosing(self._replay(database_url, question)) as steps:
                    async for step in steps:
                        yield step
        finally:
            self._is_busy = False

    async def _replay(self, database_url: str, question: ReplayQuestion) -> ReplaySteps:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *("rules", "replay", "--json-lines"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, f"{PREFIX}DATABASE_URL": database_url},
            limit=LINE_BYTES,
        )
        try:
            async for step in _steps(process, question):
                yield step
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _busy() -> Conflict:
    return Conflict("Another replay is under way; one runs at a time.", code="replay_running")


async def _steps(process: asyncio.subprocess.Process, question: ReplayQuestion) -> ReplaySteps:
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise Unavailable("The replay has no pipes.")
    stdin.write(msgspec.json.encode(question))
    stdin.close()
    async for line in stdout:
        if not line.startswith(b'{"done"'):
            yield msgspec.json.decode(line, type=ReplayResult)
            return
        yield msgspec.json.decode(line, type=ReplayProgress)
    raise Unavailable("The replay came to no result.")
