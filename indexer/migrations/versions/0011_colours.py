"""The colours that pictures have much of."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "content_colours",
        sa.Column("content_id", sa.Integer, sa.ForeignKey("content.id"), primary_key=True),
        sa.Column("colours", sa.Integer, nullable=False),
    )
