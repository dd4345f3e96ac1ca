"""Request logs and their payloads."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RequestId = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "request_log",
        sa.Column("request_id", RequestId, primary_key=True),
        sa.Column("request_time", sa.BigInteger, nullable=False),
        sa.Column("protocol", sa.String(16), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("client_ip", sa.String(64)),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("api_key_id", sa.BigInteger),
        sa.Column("api_key_name", sa.String(200)),
        sa.Column("requested_model", sa.String(200)),
        sa.Column("is_stream", sa.Boolean, nullable=False),
        sa.Column("target_id", sa.BigInteger),
        sa.Column("target_model", sa.String(200)),
        sa.Column("provider_id", sa.BigInteger),
        sa.Column("provider", sa.String(200)),
        sa.Column("status", sa.BigInteger, nullable=False),
        sa.Column("has_error", sa.Boolean, nullable=False),
        sa.Column("error_code", sa.String(64)),
        sa.Column("end_reason", sa.String(16), nullable=False),
        sa.Column("retry_count", sa.BigInteger, nullable=False),
        sa.Column("first_byte_delay_ms", sa.BigInteger),
        sa.Column("total_time_ms", sa.BigInteger, nullable=False),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("cached_tokens", sa.BigInteger),
        sa.Column("reasoning_tokens", sa.BigInteger),
        sa.Column("usage_source", sa.String(16)),
        sa.Column("request_size", sa.BigInteger, nullable=False),
        sa.Column("response_size", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Text, nullable=False),
        sa.Column("trace", sa.Text, nullable=False),
    )
    op.create_index(
        "ix_request_log_scan",
        "request_log",
        [
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
        ],
    )
    op.create_table(
        "request_payload",
        sa.Column("request_id", RequestId, primary_key=True),
        sa.Column("is_redacted", sa.Boolean, nullable=False),
        sa.Column("request_headers", sa.Text, nullable=False),
        sa.Column("request_body", sa.LargeBinary, nullable=False),
        sa.Column("request_truncated", sa.Boolean, nullable=False),
        sa.Column("response_headers", sa.Text, nullable=False),
        sa.Column("response_body", sa.LargeBinary, nullable=False),
        sa.Column("response_truncated", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("request_payload")
    op.drop_table("request_log")
