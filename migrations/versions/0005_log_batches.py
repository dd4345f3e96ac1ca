"""Batches of log rows, for live tails."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
RequestId = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "log_batch",
        sa.Column("id", BigInt, primary_key=True),
        sa.Column("transaction_id", sa.BigInteger, nullable=False),
        sa.Column("first_request_id", RequestId, nullable=False, unique=True),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.Column("request_ids", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_log_batch_place", "log_batch", ["transaction_id", "id"])


def downgrade() -> None:
    op.drop_table("log_batch")
