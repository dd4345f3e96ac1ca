"""Where the payload of a log record is, if it is in a file."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("request_log", sa.Column("payload_file", sa.BigInteger))
    op.add_column("request_log", sa.Column("payload_offset", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("request_log", "payload_offset")
    op.drop_column("request_log", "payload_file")
