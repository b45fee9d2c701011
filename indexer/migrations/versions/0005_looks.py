"""What pictures look like, and which of them look alike."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "content_looks",
        sa.Column("content_id", sa.Integer, sa.ForeignKey("content.id"), primary_key=True),
        sa.Column("looks", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.LargeBinary, nullable=False),
        sa.Column("colours", sa.BigInteger, nullable=False),
        sa.Column("sharpness", sa.Double, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "alike",
        sa.Column("first_id", sa.Integer, sa.ForeignKey("content.id"), primary_key=True),
        sa.Column("second_id", sa.Integer, sa.ForeignKey("content.id"), primary_key=True, index=True),
        sa.Column("likeness", sa.String(8), nullable=False),
    )
    op.add_column("clock", sa.Column("compared_at", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("clock", sa.Column("compared_by", sa.Integer))
