"""Administrators, their sessions, and tokens for the admin API."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "admin_user",
        sa.Column("id", BigInt, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "admin_session",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column(
            "user_id", BigInt, sa.ForeignKey("admin_user.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("last_seen_at", Time, nullable=False),
    )
    op.create_table(
        "admin_token",
        sa.Column("id", BigInt, primary_key=True),
        sa.Column("name", sa.String(64), unique=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("hint", sa.String(8), nullable=False),
        sa.Column("expires_at", Time),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    for table in ("admin_token", "admin_session", "admin_user"):
        op.drop_table(table)
