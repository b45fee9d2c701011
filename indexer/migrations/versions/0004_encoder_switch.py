"""Which encoder the library uses, how each is found again, and whether indexing is paused."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("encoder", sa.Column("source", sa.String))
    op.add_column("clock", sa.Column("encoder_id", sa.Integer))
    op.add_column("clock", sa.Column("paused", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("clock", sa.Column("cancelled_at", sa.BigInteger, nullable=False, server_default="0"))
