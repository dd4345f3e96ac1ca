"""Configuration: providers, models, targets, API keys, their revisions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)


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
        "meta",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "provider",
        *row(
            sa.Column("name", sa.String(100), nullable=False, unique=True),
            sa.Column("protocol", sa.String(32), nullable=False),
            sa.Column("base_url", sa.Text, nullable=False),
            sa.Column("credential_ciphertext", sa.LargeBinary),
            sa.Column("credential_env", sa.String(128)),
            sa.Column("credential_hint", sa.String(4)),
            sa.Column("headers", sa.JSON, nullable=False),
            sa.Column("connect_timeout", sa.Float),
            sa.Column("first_byte_timeout", sa.Float),
            sa.Column("idle_timeout", sa.Float),
            sa.Column("total_timeout", sa.Float),
            sa.Column("verify_tls", sa.Boolean, nullable=False),
            sa.Column("is_active", sa.Boolean, nullable=False),
            sa.Column("notes", sa.Text, nullable=False),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "model",
        *row(
            sa.Column("name", sa.String(200), nullable=False, unique=True),
            sa.Column("rule", sa.Text, nullable=False),
            sa.Column("grammar", sa.Integer, nullable=False),
            sa.Column("strategy", sa.String(32), nullable=False),
            sa.Column("retry_max_attempts", sa.Integer),
            sa.Column("retry_delay_ms", sa.Integer),
            sa.Column("retry_max_delay_ms", sa.Integer),
            sa.Column("max_attempts_total", sa.Integer),
            sa.Column("final_statuses", sa.JSON, nullable=False),
            sa.Column("is_active", sa.Boolean, nullable=False),
            sa.Column("notes", sa.Text, nullable=False),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "target",
        *row(
            sa.Column(
                "model_id", BigInt, sa.ForeignKey("model.id", ondelete="CASCADE"), nullable=False, index=True
            ),
            sa.Column(
                "provider_id",
                BigInt,
                sa.ForeignKey("provider.id", ondelete="RESTRICT"),
                nullable=False,
                index=True,
            ),
            sa.Column("target_model", sa.String(200), nullable=False),
            sa.Column("rule", sa.Text, nullable=False),
            sa.Column("grammar", sa.Integer, nullable=False),
            sa.Column("priority", sa.Integer, nullable=False),
            sa.Column("weight", sa.Integer, nullable=False),
            sa.Column("position", sa.Integer, nullable=False),
            sa.Column("is_active", sa.Boolean, nullable=False),
        ),
        sa.CheckConstraint("weight >= 1", "weight"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "api_key",
        *row(
            sa.Column("name", sa.String(100), nullable=False),
            sa.Column("key_hash", sa.LargeBinary(32), nullable=False, unique=True),
            sa.Column("prefix", sa.String(8), nullable=False),
            sa.Column("last4", sa.String(4), nullable=False),
            sa.Column("allowed_models", sa.JSON),
            sa.Column("requests_per_minute", sa.Integer),
            sa.Column("tags", sa.JSON, nullable=False),
            sa.Column("metadata", sa.JSON, nullable=False),
            sa.Column("is_active", sa.Boolean, nullable=False),
            sa.Column("expires_at", Time),
            sa.Column("last_used_day", sa.Date),
            sa.Column("previous_hash", sa.LargeBinary(32), unique=True),
            sa.Column("previous_valid_until", Time),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "revision",
        sa.Column("id", BigInt, primary_key=True),
        sa.Column("at", Time, nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.String(100), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("resource", sa.String(32), nullable=False),
        sa.Column("resource_id", BigInt),
        sa.Column("resource_name", sa.String(200), nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_revision_resource", "revision", ["resource", "resource_id"])


def downgrade() -> None:
    for table in ("revision", "api_key", "target", "model", "provider", "meta"):
        op.drop_table(table)
