"""Named lists, tests kept with rules, and the facts that rules were asked about."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)

SCAN = "ix_request_log_scan"
OLD = (
    "request_time",
    "request_id",
    "provider_id",
    "api_key_id",
    "status",
    "has_error",
    "is_stream",
    "retry_count",
    "total_time_ms",
    "first_byte_delay_ms",
    "input_tokens",
    "output_tokens",
    "end_reason",
    "requested_model",
    "target_model",
)
NEW = (
    *OLD,
    "provider",
    "api_key_name",
    "error_code",
    "protocol",
    "path",
    "method",
    "client_ip",
    "target_id",
    "cached_tokens",
    "reasoning_tokens",
    "usage_source",
    "request_size",
    "response_size",
    "revision",
)


def row(*columns: sa.Column) -> list[sa.Column]:
    """The columns of every resource around its own."""
    return [
        sa.Column("id", BigInt, primary_key=True),
        *columns,
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.Column("version", BigInt, nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "named_list",
        *row(
            sa.Column("name", sa.String(100), nullable=False, unique=True),
            sa.Column("entries", sa.JSON, nullable=False),
            sa.Column("notes", sa.Text, nullable=False),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rule_test",
        *row(
            sa.Column("model_id", BigInt, sa.ForeignKey("model.id", ondelete="CASCADE"), nullable=False),
            sa.Column("name", sa.String(200), nullable=False),
            sa.Column("request", sa.JSON, nullable=False),
            sa.Column("expect", sa.JSON, nullable=False),
        ),
        sa.UniqueConstraint("model_id", "name"),
        sqlite_autoincrement=True,
    )
    op.add_column("request_log", sa.Column("facts", sa.Text))
    op.drop_index(SCAN, "request_log")
    op.create_index(SCAN, "request_log", NEW)


def downgrade() -> None:
    op.drop_index(SCAN, "request_log")
    op.create_index(SCAN, "request_log", OLD)
    op.drop_column("request_log", "facts")
    op.drop_table("rule_test")
    op.drop_table("named_list")
