"""One replay at a time, whichever process began it."""

import sys
from contextlib import nullcontext

import pytest

from app.common.errors import Conflict, Unavailable
from app.domain.draft import Draft
from app.domain.replay import ReplayQuestion
from app.services.replay_process import ReplayRunner

QUESTION = ReplayQuestion(model="m", draft=Draft())


async def test_another_process_has_the_turn() -> None:
    runner = ReplayRunner(sys.executable, "-c", "pass")
    for _ in range(2):
        with pytest.raises(Conflict) as refused:
            await anext(runner.run("sqlite://", QUESTION, lambda: nullcontext(False)))
        assert refused.value.code == "replay_running"
    with pytest.raises(Unavailable):  # it was begun, and this program has no answer
        await anext(runner.run("sqlite://", QUESTION))
