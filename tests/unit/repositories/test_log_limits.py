"""The longest record there can be has its place in the log: PostgreSQL refuses a row whose index entry is too long."""

import random

from app.db.session import Database
from app.domain.exchange import EndReason
from app.domain.usage import Usage, UsageSource
from app.repositories.log_filters import LogFilter
from app.repositories.request_logs import RequestLogRepository
from app.services.log_rows import GREATEST
from tests.support.logs import exchange, write


async def test_the_longest_record_can_be_stored(database: Database) -> None:
    chance = random.Random(1)

    def text(length: int, first: int, last: int) -> str:
        """Characters that compression can make nothing of."""
        return "".join(chr(chance.randint(first, last)) for _ in range(length))

    record = exchange(
        path="/v1/messages/count_tokens",
        client_ip="fe80::1%" + text(100, 0xA1, 0xFF),
        revision=GREATEST,
        api_key_id=GREATEST,
        api_key_name=text(100, 0x20000, 0x2FFFF),
        requested_model=text(300, 0x20000, 0x2FFFF),
        target_id=GREATEST,
        target_model=text(200, 0x21, 0x7E),
        provider_id=GREATEST,
        provider=text(100, 0x21, 0x7E),
        error_code=text(64, 0x61, 0x7A),
        end_reason=EndReason.ABORTED_BY_CRASH,
        first_byte_delay=float(GREATEST // 1000),
        total_time=float(GREATEST // 1000),
        usage=Usage(GREATEST, GREATEST, GREATEST, GREATEST),
        usage_source=UsageSource.UPSTREAM,
        request_size=GREATEST,
        response_size=GREATEST,
    )
    await write(database, [record])
    async with database.read() as session:
        (row,) = await RequestLogRepository(session).page(LogFilter(), "-request_time", None, 2)
    assert (row.request_id, len(row.requested_model)) == (record.request_id, 200)
