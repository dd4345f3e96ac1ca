"""Requests and answers as they came, capped, for a shorter time than the log rows next door (`request_log.py`).

On SQLite they are in files (`repositories.payload_files`), and here only what older versions stored.
Bodies are bytes: what a client sends need not be text, and PostgreSQL's text can't hold U+0000.
"""

from sqlalchemy import LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base
from app.db.tables.request_log import RequestId


class RequestPayload(Base):
    __tablename__ = "request_payload"

    request_id: Mapped[str] = mapped_column(RequestId, primary_key=True)
    """Retention goes by it, too: a UUIDv7 begins with its time."""
    is_redacted: Mapped[bool]
    """Secrets and media in the bodies are masked. Credentials in headers always are."""
    request_headers: Mapped[str] = mapped_column(Text)
    """JSON: a list of name and value."""
    request_body: Mapped[bytes] = mapped_column(LargeBinary)
    request_truncated: Mapped[bool]
    response_headers: Mapped[str] = mapped_column(Text)
    response_body: Mapped[bytes] = mapped_column(LargeBinary)
    response_truncated: Mapped[bool]
