"""Traces in log rows: whatever their length, they come back whole; long ones are stored short."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.admin.schemas.log import LogDetail, LogVerdict
from app.common.secrets import Keyring
from app.db.session import Database
from app.db.tables.request_log import RequestLog
from app.domain.attempt import Verdict
from app.repositories.log_store import log_store
from app.repositories.request_logs import RequestLogRepository
from app.services.log_rows import log_row
from app.services.log_traces import read_trace
from app.services.provider_impact import ProviderImpacts
from tests.support.clock import SetClock
from tests.support.configuration import Configuration
from tests.support.logs import NOW, exchange

TRACE = list(RequestLog.__table__.columns.keys()).index("trace")
"""Where it is in a row."""
MANY = [
    Verdict(None, None, True),
    *(
        Verdict(1000 + n, f"provider-{n}", False, f'headers.x-team == "team-{n}"', (0, 26 + n // 10))
        for n in range(63)
    ),
    Verdict(1063, "provider-63", True),
]
"""Of a model with 64 targets."""
OLD = msgspec.json.encode(MANY).decode()
"""As older versions stored it."""

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_verdicts = st.builds(
    Verdict,
    st.none() | st.integers(1, 2**53),
    st.none() | _texts,
    st.booleans(),
    st.none() | _texts,
    st.none() | st.tuples(st.integers(0, 9999), st.integers(0, 9999)),
).filter(lambda verdict: verdict.refused_by is not None or verdict.span is None)


def stored(trace: list[Verdict]) -> str:
    """What the row of a request with this trace has of it."""
    text = log_row(exchange(trace=trace))[TRACE]
    assert isinstance(text, str)
    return text


@given(st.lists(_verdicts, max_size=3) | st.lists(_verdicts, min_size=8, max_size=70))
def test_a_trace_comes_back_as_it_was(trace: list[Verdict]) -> None:
    assert read_trace(stored(trace)) == trace


def test_a_trace_of_64_targets_is_short() -> None:
    one_provider = [
        msgspec.structs.replace(verdict, provider=verdict.provider and "provider") for verdict in MANY
    ]
    assert len(OLD) > 7000
    assert len(stored(MANY)) < 1000
    assert len(stored(one_provider)) < 800


def test_a_trace_of_two_targets_can_be_read_in_the_table() -> None:
    two = [Verdict(5, "acme", True), Verdict(6, "other", False, "stream", (0, 6))]
    assert stored(two) == (
        '[{"target_id":5,"provider":"acme","passed":true},'
        '{"target_id":6,"provider":"other","passed":false,"refused_by":"stream","span":[0,6]}]'
    )
    assert read_trace(stored(two)) == two


def test_rows_of_older_versions_are_read() -> None:
    assert read_trace(OLD) == MANY


def test_what_was_stored_once_is_read_for_ever() -> None:
    text = (
        "eAGV0bsOQEAYROF3+WuFcedVRESyG1GRtTTi3WlVcsrJnO7rL4tTmH0cF2ddmtgW1nNxPlhnm7"
        "1z2nf/PjEc/k4+sUickTgncUHiksQViWsSNyRuSSxGiAyFEIUUhRiFHIUghSSFKPVjOTxOuTNA"
    )
    assert read_trace(text) == [Verdict(n, "p", True) for n in range(20)]


@pytest.mark.parametrize("is_old", [False, True])
async def test_readers_see_no_difference(database: Database, keyring: Keyring, is_old: bool) -> None:
    async with database.transaction() as session:
        row = await Configuration(session, keyring).provider("provider-63")
    record = exchange(
        requested_model="m", trace=MANY, provider_id=row.id, provider=row.name, request_time=NOW
    )
    values = list(log_row(record))
    if is_old:
        values[TRACE] = OLD
    store = log_store(database)
    await store.write([tuple(values)], [])
    await store.close()
    async with database.read() as session:
        log = await RequestLogRepository(session).log(record.request_id)
        impact = await ProviderImpacts(session, SetClock(NOW)).of(row.id)
    assert log is not None
    shown = LogDetail.whole(log, None).trace
    assert [Verdict(*each) for each in map(_fields, shown)] == MANY
    assert (impact.judged, impact.stranded, impact.models[0].name) == (1, 1, "m")


def _fields(shown: LogVerdict) -> tuple[int | None, str | None, bool, str | None, tuple[int, int] | None]:
    span = None if shown.span is None else (shown.span.start, shown.span.end)
    return shown.target_id, shown.provider, shown.passed, shown.refused_by, span
