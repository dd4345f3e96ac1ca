"""Providers: stored vendor accounts. Credentials are encrypted, or names of environment variables."""

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Json, Row


class ProviderRow(Row):
    __tablename__ = "provider"

    name: Mapped[str] = mapped_column(String(100), unique=True)
    protocol: Mapped[str] = mapped_column(String(32))
    base_url: Mapped[str] = mapped_column(Text)
    credential_ciphertext: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Bound to the row: see `CREDENTIAL_PLACE`."""
    credential_env: Mapped[str | None] = mapped_column(String(128))
    """Name of the environment variable that holds the credential, instead of a ciphertext."""
    credential_hint: Mapped[str | None] = mapped_column(String(4))
    headers: Mapped[dict[str, str]] = mapped_column(Json)
    connect_timeout: Mapped[float | None]
    """Seconds, like the three below; None takes the setting of the same name."""
    first_byte_timeout: Mapped[float | None]
    idle_timeout: Mapped[float | None]
    total_timeout: Mapped[float | None]
    verify_tls: Mapped[bool]
    is_active: Mapped[bool]
    notes: Mapped[str] = mapped_column(Text)


CREDENTIAL_PLACE = "provider:{}:credential"
"""What a credential's ciphertext is bound to, with the row's id: it decrypts nowhere else."""
